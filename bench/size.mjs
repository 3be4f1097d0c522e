// What a page that imports `keyseal` loads: its JavaScript as a bundler leaves it, and the wasm.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "vite";
import { findClang } from "../scripts/lib/clang.mjs";
import { root } from "../scripts/lib/paths.mjs";

export async function measure() {
  const folder = join(root, "bench/results/size");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // As a consumer writes it; the global keeps the bundler from dropping what is imported.
  writeFileSync(
    join(folder, "index.html"),
    '<!doctype html><script type="module" src="./main.js"></script>',
  );
  writeFileSync(
    join(folder, "main.js"),
    'import { Vault, sealKey } from "keyseal"; globalThis.keyseal = { Vault, sealKey };',
  );
  await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    build: { outDir: "dist", modulePreload: false, assetsInlineLimit: 0 },
  });
  const assets = join(folder, "dist/assets");
  const sizes = readdirSync(assets).map((name) => ({
    name,
    raw: readFileSync(join(assets, name)).length,
    brotli: brotli(readFileSync(join(assets, name))),
  }));
  const sum = (end) =>
    sizes.filter(({ name }) => name.endsWith(end)).reduce((total, { brotli }) => total + brotli, 0);
  const raw = sizes.reduce((total, size) => total + size.raw, 0);
  return [
    {
      what: "core payload, JS + wasm, brotli",
      value: `${kilobytes(sum(""))} KB`,
      beside: `JS ${kilobytes(sum(".js"))} + wasm ${kilobytes(sum(".wasm"))}; uncompressed ${kilobytes(raw)}`,
      goal: "≤ 64 KB",
    },
    ...relay(),
  ];
}

/** The relay's glue and wasm as they lie in the package: what loads them is the app's. */
function relay() {
  if (!findClang()) return [];
  const folder = join(root, "pkg/dist/relay-wasm");
  const [js, wasm] = ["keyseal_relay.js", "keyseal_relay_bg.wasm"].map((name) =>
    readFileSync(join(folder, name)),
  );
  return [
    {
      what: "relay payload, glue + wasm, brotli",
      value: `${kilobytes(brotli(js) + brotli(wasm))} KB`,
      beside: `wasm ${kilobytes(brotli(wasm))}; uncompressed ${kilobytes(js.length + wasm.length)}`,
      goal: "≤ 300 KB",
    },
  ];
}

const kilobytes = (bytes) => (bytes / 1024).toFixed(1);

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }).length;
