// The relay's wasm holds ring, whose C sources want a clang that can make wasm. Without one all the
// rest is built.

import { readdirSync } from "node:fs";
import { devNull } from "node:os";
import { delimiter } from "node:path";
import { aptInstall, onDebianAsRoot } from "./apt.mjs";
import { capture } from "./run.mjs";
import { ok, warn } from "./say.mjs";

const HOW =
  "the relay is left out: no clang that makes wasm was found. On Debian: `apt-get install clang llvm`; " +
  "on macOS: `brew install llvm`; or name one in CC_wasm32_unknown_unknown. Then build again.";

let found;

/** Finds a clang, installing it if that is possible here, and tells the C sources' build of it. */
export async function prepareClang() {
  if (!findClang() && onDebianAsRoot()) {
    try {
      await aptInstall("clang", "llvm");
    } catch (error) {
      warn(`clang could not be installed: ${error.message}`);
    }
    found = undefined;
  }
  if (findClang()) ok(`clang ${findClang()}`);
  else warn(HOW);
}

/** A clang that makes wasm, or null. */
export function findClang() {
  if (found !== undefined) return found;
  const named = process.env.CC_wasm32_unknown_unknown;
  const brew = ["/opt/homebrew/opt/llvm/bin/clang", "/usr/local/opt/llvm/bin/clang"];
  found = (named ? [named] : ["clang", ...numbered("clang"), ...brew]).find(makesWasm) ?? null;
  if (found) {
    process.env.CC_wasm32_unknown_unknown = found;
    const folder = found.replace(/[^/\\]*$/, "");
    const archivers = [`${folder}llvm-ar`, "llvm-ar", ...numbered("llvm-ar")];
    const archiver = archivers.find((name) => capture(name, ["--version"]) !== null);
    if (archiver) process.env.AR_wasm32_unknown_unknown ??= archiver;
  }
  return found;
}

function makesWasm(clang) {
  const args = ["--target=wasm32-unknown-unknown", "-x", "c", "-c", "-", "-o", devNull];
  return capture(clang, args, { input: "int one(void) { return 1; }" }) !== null;
}

/** `clang-19` and the like, the newest first. */
function numbered(name) {
  const is = new RegExp(`^${name}-(\\d+)$`);
  const names = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
    try {
      return readdirSync(folder).filter((file) => is.test(file));
    } catch {
      return [];
    }
  });
  const version = (file) => Number(is.exec(file)[1]);
  return [...new Set(names)].sort((a, b) => version(b) - version(a));
}
