// Rust to wasm, TypeScript to the package, the package to the page. Each step is skipped when
// nothing that goes into it has changed.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { bundleInline, bundleWorker, writeSha256 } from "./inline.mjs";
import { npmProgram, root } from "./paths.mjs";
import { capture, run } from "./run.mjs";
import { busy, ok } from "./say.mjs";
import { whenChanged } from "./stamp.mjs";

const WASM = "pkg/dist/wasm/keyseal_bg.wasm";

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
  const changed = await whenChanged(
    "wasm",
    {
      files: ["Cargo.toml", "Cargo.lock", "build.rs", "build", "src", "scripts/lib/build.mjs"],
      also: [capture("rustc", ["--version"])],
      outputs: [WASM],
    },
    async () => {
      busy("building the wasm module");
      const args = "build --target web --profile wasm --no-opt --no-pack --mode no-install";
      const out = ["--out-dir", "pkg/dist/wasm", "--out-name", "keyseal"];
      await run("wasm-pack", [...args.split(" "), ...out], { env: samePaths() });
      // It holds "*", and npm would leave the wasm out of the package.
      rmSync(join(root, "pkg/dist/wasm/.gitignore"), { force: true });
      await optimize(join(root, WASM));
      writeSha256(join(root, WASM));
    },
  );
  ok(`wasm module, ${kilobytes(WASM)}${changed ? "" : " (unchanged)"}`);
}

/** The same wasm comes out wherever the clone and cargo's folder lie: panics name source files. */
function samePaths() {
  const crates = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const flags = [`--remap-path-prefix=${crates}=crates`, `--remap-path-prefix=${root}=.`];
  return { ...process.env, CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") };
}

async function optimize(path) {
  const smaller = `${path}.opt`;
  await run(process.execPath, [
    npmProgram("wasm-opt"),
    ...WASM_FEATURES,
    "-Oz",
    path,
    "-o",
    smaller,
  ]);
  renameSync(smaller, path);
}

export async function buildPackage() {
  if (!existsSync(join(root, "pkg/tsconfig.json"))) return;
  relayPlaceholder();
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
      clear("pkg/dist", "wasm", "relay-wasm");
      await run(process.execPath, [npmProgram("tsc"), "-p", "pkg"]);
      await bundleWorker();
      await bundleInline();
    },
  );
  ok(`npm package${changed ? "" : " (unchanged)"}`);
}

/**
 * Where the relay's wasm was not built, files of its names that hold nothing: the package and apps build all the same,
 * and whoever uses the relay is told that it is missing.
 */
function relayPlaceholder() {
  const folder = join(root, "pkg/dist/relay-wasm");
  if (existsSync(join(folder, "keyseal_relay_bg.wasm"))) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "keyseal_relay_bg.wasm"), "");
  writeFileSync(
    join(folder, "keyseal_relay.js"),
    'export default async () => {\n  throw new Error("The relay was not built.");\n};\n',
  );
  writeFileSync(
    join(folder, "keyseal_relay.d.ts"),
    "declare const init: () => Promise<never>;\nexport default init;\n",
  );
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
    { files: ["www", "pkg/dist", "package-lock.json"], outputs: ["www/dist/index.html"] },
    async () => {
      busy("building the page");
      await run("npm", ["run", "build", "--silent", "-w", "www", "--", "--logLevel", "warn"]);
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
