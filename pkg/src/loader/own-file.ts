/** Where the package's own wasm lies. Written out in full, so that bundlers see the file and ship it. */
export async function ownFile(): Promise<URL> {
  return new URL("../wasm/keyseal_bg.wasm", import.meta.url);
}
