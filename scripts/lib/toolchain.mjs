// What building needs: a Rust toolchain with the wasm target, the wasm tools, npm packages.

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepareClang } from "./clang.mjs";
import { prependPath, root, toolsDir, which } from "./paths.mjs";
import { capture, run } from "./run.mjs";
import { busy, ok, Plain } from "./say.mjs";
import { whenChanged } from "./stamp.mjs";

const WASM_TARGET = "wasm32-unknown-unknown";
const WASM_PACK = "0.15.1";

/** Checks and installs everything that a build needs. A second call takes a moment. */
export async function prepareToolchain() {
  checkSystem();
  checkNode();
  checkRust();
  checkCompiler();
  await prepareClang();
  await addWasmTarget();
  prependPath(join(toolsDir, "bin"));
  await addWasmBindgen();
  await addWasmPack();
  await addNpmPackages();
}

function checkSystem() {
  if (process.platform === "win32") {
    throw new Plain(
      "The companion is a program for Linux: on Windows run this in WSL (`wsl --install`).",
    );
  }
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    throw new Plain(`Node ${process.versions.node} is too old: install Node 20 or later.`);
  }
  ok(`Node ${process.versions.node}`);
}

function checkRust() {
  const wanted = /rust-version = "([\d.]+)"/.exec(
    readFileSync(join(root, "Cargo.toml"), "utf8"),
  )[1];
  const found = /^rustc ([\d.]+)/.exec(capture("rustc", ["--version"]) ?? "")?.[1];
  if (!found || !which("cargo")) {
    throw new Plain("Rust was not found: install it from https://rustup.rs, then run this again.");
  }
  if (found.localeCompare(wanted, "en", { numeric: true }) < 0) {
    throw new Plain(`Rust ${found} is too old: \`rustup update stable\` (${wanted} or later).`);
  }
  ok(`Rust ${found}`);
}

function checkCompiler() {
  const compiler = [process.env.CC, "cc", "gcc", "clang", "cl"].find((name) => name && which(name));
  if (!compiler && !existsSync(process.env.CC ?? "")) {
    throw new Plain(
      "A C compiler was not found (the TLS library needs one): install gcc or clang, " +
        "for instance `apt-get install build-essential` or `xcode-select --install`.",
    );
  }
  ok(`C compiler ${compiler ?? process.env.CC}`);
}

async function addWasmTarget() {
  const sysroot = capture("rustc", ["--print", "sysroot"]);
  if (!existsSync(join(sysroot, "lib", "rustlib", WASM_TARGET))) {
    if (!which("rustup")) {
      throw new Plain(
        `The Rust target ${WASM_TARGET} is missing, and rustup was not found to add it.`,
      );
    }
    busy(`adding the Rust target ${WASM_TARGET}`);
    await run("rustup", ["target", "add", WASM_TARGET]);
  }
  ok("wasm target");
}

/** The tool must be exactly of the version of the crate. */
async function addWasmBindgen() {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)[1];
  // Without --locked: the crate's own lockfile is older than what builds with current compilers.
  await addCargoTool("wasm-bindgen", "wasm-bindgen-cli", version, []);
}

async function addWasmPack() {
  await addCargoTool("wasm-pack", "wasm-pack", WASM_PACK, ["--locked"], (found) =>
    found.startsWith("0.15."),
  );
}

async function addCargoTool(program, crate, version, flags, good = (found) => found === version) {
  const installed = () => capture(program, ["--version"])?.split(" ")[1] ?? "";
  if (!good(installed())) {
    busy(`building ${crate} ${version} (a few minutes, once; kept in ${toolsDir})`);
    mkdirSync(toolsDir, { recursive: true });
    const args = ["install", crate, "--version", version, "--root", toolsDir, "--force", ...flags];
    // Its own target folder: cargo would otherwise rebuild these crates into ours.
    const scratch = join(toolsDir, "target");
    await run("cargo", args, { env: { ...process.env, CARGO_TARGET_DIR: scratch } });
    rmSync(scratch, { recursive: true, force: true });
  }
  ok(`${program} ${installed()}`);
}

async function addNpmPackages() {
  const files = ["package.json", "package-lock.json", "pkg/package.json", "www/package.json"];
  const locked = existsSync(join(root, "package-lock.json"));
  await whenChanged(
    "npm",
    { files: [...files, "tests/e2e/package.json"], outputs: ["node_modules/.package-lock.json"] },
    async () => {
      busy("installing npm packages");
      await run("npm", [locked ? "ci" : "install", "--no-fund", "--no-audit", "--loglevel=error"]);
    },
  );
  ok("npm packages");
}
