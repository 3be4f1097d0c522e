import { KeysealError } from "../errors.js";
import instantiate, * as glue from "../wasm/keyseal.js";
import { ownFile } from "./own-file.js";

/** What the wasm module exports. */
export type Core = typeof glue;

/** Where the wasm comes from, for builds that do not let the package find its own file. */
export type WasmSource = URL | string | Response | BufferSource | WebAssembly.Module;

let loading: Promise<Core> | undefined;
let loaded: Core | undefined;

/**
 * Loads the wasm once; later calls wait for the same load. `Vault.open` calls it by itself: it is needed only
 * before the synchronous functions (`sealKey`, `detect`, `providers`), or to name the wasm file.
 *
 * @example
 * await init();
 * const { provider } = detect(pasted);
 */
export async function init(source?: WasmSource): Promise<void> {
  await core(source);
}

/** The loaded module, loading it at first need. A failed load is forgotten, so that the next call tries again. */
export function core(source?: WasmSource): Promise<Core> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** The loaded module, for synchronous callers. */
export function coreNow(): Core {
  if (loaded) return loaded;
  throw new KeysealError("not_initialised", "keyseal was called before its wasm was loaded.", {
    next: "Await init() once, or use Vault.open(), which does it by itself.",
  });
}

async function load(source?: WasmSource): Promise<Core> {
  const module = await compile(source ?? (await ownFile()));
  try {
    await instantiate({ module_or_path: module });
  } catch (error) {
    throw blocked(error) ?? error;
  }
  loaded = glue;
  return loaded;
}

/** The module that lies there, or an error that says why there is none. */
export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const remote = typeof source === "string" || source instanceof URL || source instanceof Response;
  const file = remote ? await download(source) : source;
  try {
    // Only the streaming call lets browsers keep the compiled code for the next visit.
    return await (file instanceof Response
      ? WebAssembly.compileStreaming(file)
      : WebAssembly.compile(file));
  } catch (error) {
    throw blocked(error) ?? notFound("it is not WebAssembly", error);
  }
}

async function download(source: string | URL | Response): Promise<Response | ArrayBuffer> {
  let response: Response;
  try {
    response = source instanceof Response ? source : await fetch(source);
  } catch (error) {
    throw notFound(
      "the request failed (network, or connect-src of the page's Content-Security-Policy)",
      error,
    );
  }
  if (!response.ok) throw notFound(`the server answered ${response.status} for ${response.url}`);
  const type = response.headers.get("content-type") ?? "an unnamed type";
  if (/^application\/wasm\b/i.test(type)) return response;

  const bytes = await response.arrayBuffer();
  const [a, b, c, d] = new Uint8Array(bytes);
  // A dev server or a single-page fallback answers 200 with HTML: say so, rather than "bad magic number".
  if (a !== 0 || b !== 0x61 || c !== 0x73 || d !== 0x6d) {
    throw notFound(`${response.url} answered with ${type}, not WebAssembly`);
  }
  return bytes;
}

function notFound(why: string, cause?: unknown): KeysealError {
  return new KeysealError("wasm_not_found", `keyseal's wasm file could not be loaded: ${why}.`, {
    next: 'Keep the package out of dependency pre-bundling (Vite: optimizeDeps.exclude: ["keyseal"]), pass its address to init(), or import from "keyseal/inline", which holds it.',
    cause,
  });
}

function blocked(error: unknown): KeysealError | undefined {
  if (!/content security policy|\bcsp\b|unsafe-eval/i.test(String(error))) return undefined;
  return new KeysealError(
    "wasm_blocked",
    "The page's Content-Security-Policy blocks WebAssembly.",
    {
      next: "Add 'wasm-unsafe-eval' to script-src. Nothing was lost: reload after the change.",
      cause: error,
    },
  );
}
