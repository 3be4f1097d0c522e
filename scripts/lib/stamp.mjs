import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "./paths.mjs";

// Always below the clone, never in a shared cargo folder: stamps speak of this clone's files.
const folder = join(root, "target", "stamps");
const generated = new Set(["node_modules", "dist", "target", "results"]);

/**
 * Does a step only if its inputs changed since it last succeeded, or an output is missing.
 * Inputs are files and folders (by content) and plain strings such as a compiler's version.
 */
export async function whenChanged(name, { files, also = [], outputs }, step) {
  const stamp = join(folder, name);
  const before = digest(files, also);
  const fresh =
    outputs.every((path) => existsSync(join(root, path))) &&
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === before;
  if (fresh) return false;
  await step();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, before);
  return true;
}

/** A hash over the contents and names of files and of everything below folders. */
export function digest(paths, also = []) {
  const hash = createHash("sha256");
  for (const text of also) hash.update(`${text}\0`);
  for (const path of paths) {
    for (const file of walk(join(root, path))) {
      hash.update(`${relative(root, file)}\0`);
      hash.update(createHash("sha256").update(readFileSync(file)).digest());
    }
  }
  return hash.digest("hex");
}

function* walk(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (!generated.has(name)) yield* walk(join(path, name));
  }
}
