import { KeysealError } from "../errors.js";
import { compile, type WasmSource } from "../loader/init.js";
import { deferred } from "./deferred.js";
import type { Port } from "./engine.js";
import { errorOf, missing } from "./failures.js";
import type { Setting, ToEngine, ToPage } from "./messages.js";
import { ownWasm, ownWorker } from "./own-files.js";
import type { RelayWasm } from "./wasm.js";

/** Starts an engine whose messages are heard so. */
export type Starter = (setting: Setting, hear: (message: ToPage) => void) => Promise<Running>;

/** Where the relay's parts come from, and where it runs. */
export interface Place {
  wasm: WasmSource | undefined;
  /** False: in the page itself. */
  worker: URL | string | boolean;
}

/** The engine as the page holds it. */
export interface Running {
  send(message: ToEngine, transfer?: Transferable[]): void;
  /** Whatever it still holds goes with it. */
  end(): void;
}

/** A worker that says nothing by then does not run. */
const WORKER_WITHIN_MS = 10_000;

/**
 * Starts the engine: in a worker, so that the page stays smooth; where there can be none (a policy, a browser without
 * them, a build that lost the file), in the page.
 */
export async function start(
  place: Place,
  setting: Setting,
  hear: (message: ToPage) => void,
): Promise<Running> {
  const module = await load(place.wasm);
  return (await inWorker(place, module, setting, hear)) ?? inPage(module, setting, hear);
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiled once, whichever vaults use it; a failed load is forgotten. */
function load(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (source !== undefined) return compileRelay(source);
  compiled ??= compileRelay(undefined).catch((error: unknown) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

async function compileRelay(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  if (typeof WebSocket === "undefined") throw missing("this environment has no WebSocket");
  try {
    return await compile(source ?? (await ownWasm()));
  } catch (error) {
    const problem = KeysealError.from(error);
    if (problem.code !== "wasm_not_found") throw problem;
    throw missing("its wasm was not built, or is not where the package is", problem);
  }
}

async function inWorker(
  place: Place,
  module: WebAssembly.Module,
  setting: Setting,
  hear: (message: ToPage) => void,
): Promise<Running | undefined> {
  const worker = place.worker === false ? undefined : makeWorker(place.worker);
  if (!worker) return undefined;
  const { port1: ours, port2: theirs } = new MessageChannel();
  const end = () => {
    worker.terminate();
    ours.close();
  };
  const runs = await new Promise<boolean>((resolve) => {
    const late = setTimeout(resolve, WORKER_WITHIN_MS, false);
    const settle = (runs: boolean) => {
      clearTimeout(late);
      resolve(runs);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      settle(false);
    };
    ours.onmessage = ({ data }: MessageEvent<ToPage>) => settle(data.type === "started");
    worker.postMessage(theirs, [theirs]);
    ours.postMessage({ type: "start", module, setting } satisfies ToEngine);
  });
  if (!runs) {
    end();
    return undefined;
  }
  ours.onmessage = ({ data }: MessageEvent<ToPage>) => hear(data);
  return { send: (message, transfer = []) => ours.postMessage(message, transfer), end };
}

function makeWorker(given: URL | string | true): Worker | undefined {
  if (typeof Worker === "undefined") return undefined;
  try {
    const url = trusted(given === true ? ownWorker() : new URL(given, globalThis.location?.href));
    return new Worker(url as string, { type: "module", name: "keyseal-relay" });
  } catch {
    // Trusted Types, a policy, or a script of another origin: the page does it itself.
    return undefined;
  }
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;
let vouched: string | undefined;

/** A worker's address is code to the browser: under Trusted Types it takes a policy, and this one allows one address. */
function trusted(url: URL): unknown {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return url;
  policy ??= trustedTypes.createPolicy("keyseal", {
    createScriptURL(asked) {
      if (asked === vouched) return asked;
      throw new TypeError("This is not the relay's worker.");
    },
  });
  vouched = url.href;
  try {
    return policy.createScriptURL(url.href);
  } finally {
    vouched = undefined;
  }
}

async function inPage(
  module: WebAssembly.Module,
  setting: Setting,
  hear: (message: ToPage) => void,
): Promise<Running> {
  const [{ Engine }, glue] = await Promise.all([
    import("./engine.js"),
    import("../relay-wasm/keyseal_relay.js"),
  ]);
  let over = false;
  const started = deferred<void>();
  const port: Port = {
    postMessage(message) {
      if (message.type === "started") started.resolve();
      else if (message.type === "notStarted") started.reject(errorOf(message.failure));
      else if (!over) hear(message);
    },
  };
  const engine = new Engine(port, glue as unknown as RelayWasm);
  engine.hear({ type: "start", module, setting });
  await started.promise;
  return {
    send: engine.hear,
    end() {
      engine.hear({ type: "wipe" });
      over = true;
    },
  };
}
