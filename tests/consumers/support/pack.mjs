import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(new URL("../../..", import.meta.url)));

/**
 * Packs the package as npm does and unpacks it into a project's node_modules, which is all that
 * installing a package without scripts is. Of its dependencies, Lit, the project sees to itself. What npm says of the tarball.
 */
export function packInto(project) {
  const pack = ["pack", "--workspace", "pkg", "--json", "--pack-destination", project];
  const said = JSON.parse(execFileSync("npm", pack, { cwd: root, encoding: "utf8" }));
  const [packed] = Object.values(said);
  const tarball = join(project, packed.filename);
  const installed = join(project, "node_modules", "keyseal");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  rmSync(tarball);
  return packed;
}
