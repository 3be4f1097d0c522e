// What a page loads: its JavaScript as a bundler leaves it, and the wasm, each file compressed by itself. Files that are
// imported only when something is asked count like the others: no number gets smaller by what comes later.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "vite";
import { findClang } from "../scripts/lib/clang.mjs";
import { root } from "../scripts/lib/paths.mjs";

export async function measure() {
  const core = await loads("core", 'import { Vault, sealKey } from "keyseal";', "Vault, sealKey");
  const rows = [
    {
      what: "core payload, JS + wasm, brotli",
      value: `${kilobytes(sum(core))} KB`,
      beside: `JS ${kilobytes(sum(core, ".js"))} + wasm ${kilobytes(sum(core, ".wasm"))}; uncompressed ${kilobytes(sum(core, "", "raw"))}`,
      goal: "≤ 64 KB",
    },
  ];
  if (!findClang()) return rows;
  const all = await loads(
    "relay",
    'import { Vault, sealKey } from "keyseal"; import { relay } from "keyseal/relay";',
    "Vault, sealKey, relay",
  );
  // The engine is in the worker; where a page can have none, it is imported in its place.
  const both = all.filter(({ file }) => !/^(?:engine|keyseal_relay)-.*\.js$/.test(file));
  const more = (end) => sum(both, end) - sum(core, end);
  const worker = sum(both, ".js", "brotli", "worker");
  return [
    ...rows,
    {
      what: "relay payload on top of the core, brotli",
      value: `${kilobytes(more(""))} KB (${more("")} bytes)`,
      beside: `wasm ${kilobytes(more(".wasm"))} + worker ${kilobytes(worker)} + in the page ${kilobytes(more(".js") - worker)}; uncompressed ${kilobytes(sum(both, "", "raw") - sum(core, "", "raw"))}`,
      goal: "≤ 300 KB",
    },
  ];
}

/** The files that a page loads which imports so. */
async function loads(name, imports, used) {
  const folder = join(root, "bench/results/size", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const page = '<!doctype html><script type="module" src="./main.js"></script>';
  writeFileSync(join(folder, "index.html"), page);
  // As a consumer writes it; the global keeps the bundler from dropping what is imported.
  writeFileSync(join(folder, "main.js"), `${imports} globalThis.keyseal = { ${used} };`);
  await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    build: { outDir: "dist", modulePreload: false, assetsInlineLimit: 0 },
  });
  const assets = join(folder, "dist/assets");
  return readdirSync(assets).map((file) => {
    const bytes = readFileSync(join(assets, file));
    return { file, raw: bytes.length, brotli: brotli(bytes) };
  });
}

const sum = (files, end = "", of = "brotli", start = "") =>
  files
    .filter(({ file }) => file.startsWith(start) && file.endsWith(end))
    .reduce((total, file) => total + file[of], 0);

const kilobytes = (bytes) => (bytes / 1024).toFixed(1);

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }).length;
