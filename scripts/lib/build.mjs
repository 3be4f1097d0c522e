// Rust to wasm, TypeScript to the package, the package to the page. Each step is skipped when
// nothing that goes into it has changed.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findClang } from "./clang.mjs";
import { compressAssets } from "./compress.mjs";
import { bundleInline, bundleWorker, writeSha256 } from "./inline.mjs";
import { npmProgram, root } from "./paths.mjs";
import { capture, run } from "./run.mjs";
import { busy, ok } from "./say.mjs";
import { whenChanged } from "./stamp.mjs";

/** What JavaScript sees of the vault. */
const CORE = { what: "wasm module", folder: "wasm", name: "keyseal", cargo: [] };

/** TLS and HTTP: a wasm of its own, which nobody loads who does not use it. */
const RELAY = {
  what: "wasm module of the relay",
  folder: "relay-wasm",
  name: "keyseal_relay",
  cargo: ["--", "--no-default-features", "--features", "relay"],
};

// One per cent more before compression, three or four less after it: what was inlined hides that it is the same
// elsewhere, and what is alike lies side by side.
const PASSES = ["-Oz", "--one-caller-inline-max-function-size=30", "--reorder-functions-by-name"];

// What rustc emits for the target by default; wasm-opt refuses what it was not told of.
const WASM_FEATURES = [
  "bulk-memory",
  "mutable-globals",
  "nontrapping-float-to-int",
  "sign-ext",
  "reference-types",
  "multivalue",
].map((name) => `--enable-${name}`);

export async function buildWasm() {
  await build(CORE);
  if (findClang()) await build(RELAY);
  else await standIn(RELAY);
}

async function build({ what, folder, name, cargo }) {
  const dist = `pkg/dist/${folder}`;
  const wasm = `${dist}/${name}_bg.wasm`;
  const changed = await whenChanged(
    folder,
    {
      files: ["Cargo.toml", "Cargo.lock", "build.rs", "build", "src", "scripts/lib/build.mjs"],
      also: [capture("rustc", ["--version"])],
      outputs: [wasm],
    },
    async () => {
      busy(`building the ${what}`);
      const args = "build --target web --profile wasm --no-opt --no-pack --mode no-install";
      const out = ["--out-dir", dist, "--out-name", name];
      // Named after the version: those of another would stay.
      rmSync(join(root, dist, "snippets"), { recursive: true, force: true });
      await run("wasm-pack", [...args.split(" "), ...out, ...cargo], { env: samePaths() });
      // It holds "*", and npm would leave the wasm out of the package.
      rmSync(join(root, dist, ".gitignore"), { force: true });
      await optimize(join(root, wasm));
      await shortenImports(join(root, wasm), join(root, dist, `${name}.js`));
      writeSha256(join(root, wasm));
    },
  );
  ok(`${what}, ${kilobytes(wasm)}${changed ? "" : " (unchanged)"}`);
}

/** Where it cannot be built: types and bundlers find the files, and whoever loads them is told. */
async function standIn({ folder, name }) {
  const dist = join(root, "pkg/dist", folder);
  await whenChanged(folder, { files: [], outputs: [`pkg/dist/${folder}/${name}.js`] }, async () => {
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    const init = 'export default async () => {\n  throw new Error("not built");\n};\n';
    writeFileSync(join(dist, `${name}.js`), init);
    const types = "declare const init: () => Promise<never>;\nexport default init;\n";
    writeFileSync(join(dist, `${name}.d.ts`), types);
    writeFileSync(join(dist, `${name}_bg.wasm`), "");
  });
}

/**
 * The same wasm comes out wherever the clone, cargo's folder and the toolchain lie, and whether or not it has the
 * standard library's sources: panics name source files.
 */
function samePaths() {
  const crates = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const library = join(capture("rustc", ["--print", "sysroot"]), "lib", "rustlib", "src", "rust");
  const commit = /^commit-hash: (.*)$/m.exec(capture("rustc", ["-vV"]))[1];
  const names = { [crates]: "crates", [library]: `/rustc/${commit}`, [root]: "." };
  const flags = Object.entries(names).map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  const c = `-ffile-prefix-map=${crates}=crates`;
  return {
    ...process.env,
    CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"),
    CFLAGS_wasm32_unknown_unknown: c,
  };
}

async function optimize(path) {
  const smaller = `${path}.opt`;
  await run(process.execPath, [
    npmProgram("wasm-opt"),
    ...WASM_FEATURES,
    ...PASSES,
    path,
    "-o",
    smaller,
  ]);
  renameSync(smaller, path);
}

/**
 * Gives what the wasm imports of its glue short names, in both: wasm-bindgen ends each with a hash, which nothing
 * compresses, and bundlers leave the names of properties as they are.
 */
async function shortenImports(wasm, glue) {
  // Not at the top: these scripts start in clones where nothing is installed yet.
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.readBinary(readFileSync(wasm));
  let text = readFileSync(glue, "utf8");
  let count = 0;
  for (const { name, module: from, base, params, results } of functionsOf(module, binaryen)) {
    const [before, after, ...more] = text.split(` ${base}: function`);
    // What it imports of our own files has the names that we gave.
    if (!base.startsWith("__wb") || after === undefined || more.length > 0) continue;
    const short = `_${(count++).toString(36)}`;
    text = `${before} ${short}: function${after}`;
    module.removeFunction(name);
    module.addFunctionImport(name, from, short, params, results);
  }
  writeFileSync(wasm, module.emitBinary());
  writeFileSync(glue, text);
  module.dispose();
}

function functionsOf(module, { getFunctionInfo }) {
  const count = module.getNumFunctions();
  return Array.from({ length: count }, (_, at) => getFunctionInfo(module.getFunctionByIndex(at)));
}

export async function buildPackage() {
  if (!existsSync(join(root, "pkg/tsconfig.json"))) return;
  const changed = await whenChanged(
    "pkg",
    {
      files: [
        "pkg",
        "pkg/dist/wasm",
        "pkg/dist/relay-wasm",
        "scripts/lib/inline.mjs",
        "package-lock.json",
      ],
      outputs: ["pkg/dist/index.js", "pkg/dist/inline.js", "pkg/dist/relay/worker.js"],
    },
    async () => {
      busy("building the npm package");
      clear("pkg/dist", CORE.folder, RELAY.folder);
      await run(process.execPath, [npmProgram("tsc"), "-p", "pkg"]);
      await bundleWorker();
      await bundleInline();
    },
  );
  ok(`npm package${changed ? "" : " (unchanged)"}`);
}

/** Empties a folder but for some: what no source makes any more would be published. */
function clear(folder, ...kept) {
  for (const name of readdirSync(join(root, folder))) {
    if (!kept.includes(name)) rmSync(join(root, folder, name), { recursive: true });
  }
}

export async function buildPage() {
  if (!existsSync(join(root, "www/package.json"))) return;
  const changed = await whenChanged(
    "www",
    {
      files: ["www", "pkg/dist", "scripts/lib/compress.mjs", "package-lock.json"],
      outputs: ["www/dist/index.html"],
    },
    async () => {
      busy("building the page");
      await run("npm", ["run", "build", "--silent", "-w", "www", "--", "--logLevel", "warn"]);
      compressAssets(join(root, "www/dist"));
    },
  );
  ok(`page${changed ? "" : " (unchanged)"}`);
}

export async function buildFrontend() {
  await buildWasm();
  await buildPackage();
  await buildPage();
}

export async function buildServer() {
  busy("building the companion (release; minutes the first time)");
  await run("cargo", ["build", "--release", "-p", "keyseal-server"]);
  ok("companion");
}

const kilobytes = (path) => `${Math.round(statSync(join(root, path)).size / 1024)} KB`;
