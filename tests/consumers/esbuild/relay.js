import * as keyseal from "keyseal";
import wasm from "keyseal/keyseal.wasm";
import { relay } from "keyseal/relay";
import relayWasm from "keyseal/relay.wasm";
import { run } from "./use.js";

// The worker is an entry point of its own: see esbuild.config.js.
const here = (file) => new URL(file, import.meta.url);
await keyseal.init(here(wasm));
run(keyseal, relay({ wasm: here(relayWasm), worker: here("./relay-worker.js") }));
