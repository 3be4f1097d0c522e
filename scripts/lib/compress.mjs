// Compressed twins beside the page's files, which the companion serves to browsers that take them.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const COMPRESSED = /\.(js|css|wasm|svg)$/;
/** Below this, a file fits into the first packets anyway. */
const WORTH_BYTES = 1024;

/**
 * Compresses what lies in folders named `assets`: files with a hash in their names, the same for everybody and never
 * a secret. What a user sees for himself alone is not compressed.
 */
export function compressAssets(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/(^|[\\/])assets[\\/]/.test(name) || !COMPRESSED.test(name)) continue;
    const path = join(folder, name);
    const bytes = readFileSync(path);
    if (bytes.length < WORTH_BYTES) continue;
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}
