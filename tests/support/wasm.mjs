import { readFile } from "node:fs/promises";

const dist = new URL("../../pkg/dist/wasm/", import.meta.url);

/** Our wasm module, loaded into Node. */
export async function loadWasm() {
  const wasm = await import(new URL("keyseal.js", dist));
  wasm.initSync({ module: await readFile(new URL("keyseal_bg.wasm", dist)) });
  return wasm;
}
