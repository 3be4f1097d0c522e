// On a server nothing is fetched: the file is read from disk, when it is first needed.
import { readFile } from "node:fs/promises";

/** The package's own wasm, read. */
export async function ownFile(): Promise<BufferSource> {
  return readFile(new URL("../wasm/keyseal_bg.wasm", import.meta.url));
}
