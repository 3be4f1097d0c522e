import * as glue from "../relay-wasm/keyseal_relay.js";
import { Engine } from "./engine.js";
import type { ToEngine } from "./messages.js";
import type { RelayWasm } from "./wasm.js";

// A worker of the page's own: it and the page speak through a channel that nobody else holds.
globalThis.onmessage = ({ data: port }: MessageEvent<MessagePort>) => {
  globalThis.onmessage = null;
  const engine = new Engine(port, glue as unknown as RelayWasm);
  port.onmessage = ({ data }: MessageEvent<ToEngine>) => engine.hear(data);
};
