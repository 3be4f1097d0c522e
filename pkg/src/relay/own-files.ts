// Written out in full, so that bundlers see the files and ship them.

/** The relay's own wasm: its address, or, where that is a file, its bytes. */
export async function ownWasm(): Promise<URL | BufferSource> {
  const file = new URL("../relay-wasm/keyseal_relay_bg.wasm", import.meta.url);
  if (file.protocol !== "file:") return file;
  const fs = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  return fs ? fs.readFile(file) : file;
}

/** The worker: one file, with all that it needs in it. */
export function ownWorker(): URL {
  return new URL("./worker.js", import.meta.url);
}
