import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** Cargo's target folder. */
export const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

/** Tools that `npm run setup` builds, kept outside the clone: they take minutes and fit any clone. */
export const toolsDir = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "keyseal",
  "tools",
);

const exe = process.platform === "win32" ? ".exe" : "";

/** A program built by cargo in the given profile. */
export const built = (profile, name) =>
  join(target, profile === "dev" ? "debug" : profile, `${name}${exe}`);

/** Where a program is on the PATH, or null. */
export function which(name) {
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (folder && existsSync(path)) return path;
    }
  }
  return null;
}

/** The script behind a program of an npm package, to run with node. */
export const npmProgram = (name) => join(root, "node_modules", ".bin", name);

/** Puts a folder first on the PATH of everything that we start. */
export function prependPath(folder) {
  process.env.PATH = `${folder}${delimiter}${process.env.PATH}`;
}
