/**
 * The package's own wasm: its address, or, where that is a file, its bytes, read when they are first needed.
 * `keyseal/inline` is built with another module in this one's place.
 */
export async function ownFile(): Promise<URL | BufferSource> {
  // Written out in full, so that bundlers see the file and ship it.
  const file = new URL("../wasm/keyseal_bg.wasm", import.meta.url);
  if (file.protocol !== "file:") return file;
  // `fetch` reads no files in Node. An `import` of its modules would stop builds for browsers.
  const fs = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  return fs ? fs.readFile(file) : file;
}
