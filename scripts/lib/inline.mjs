// What is bundled at build time: `keyseal/inline`, the whole package in one file with the wasm in it as text; and the
// relay's worker.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "./paths.mjs";

/** Stands in for `loader/own-file.js`. The text is decoded when it is first needed: importing does nothing. */
const EMBEDDED = `
import wasm from "../wasm/keyseal_bg.wasm";
export async function ownFile() {
  return Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
}`;

export async function bundleInline() {
  // Not at the top: these scripts start in clones where nothing is installed yet.
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: join(root, "pkg/dist"),
    entryPoints: ["index.js"],
    outfile: "inline.js",
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    loader: { ".wasm": "base64" },
    logLevel: "warning",
    plugins: [
      {
        name: "embed the wasm",
        setup({ onLoad }) {
          onLoad({ filter: /[\\/]loader[\\/]own-file\.js$/ }, () => ({ contents: EMBEDDED }));
        },
      },
    ],
  });
}

/** The relay's worker with all that it imports: bundlers hand on a file that a worker starts from as it is. */
export async function bundleWorker() {
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: join(root, "pkg/dist"),
    entryPoints: ["relay/worker.js"],
    outfile: "relay/worker.js",
    allowOverwrite: true,
    bundle: true,
    // For the same reason nobody after this makes it smaller.
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "warning",
  });
}

/** Writes a file's SHA-256 beside it, as `sha256sum --check` reads it. */
export function writeSha256(path) {
  const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
  writeFileSync(`${path}.sha256`, `${hash}  ${basename(path)}\n`);
}
