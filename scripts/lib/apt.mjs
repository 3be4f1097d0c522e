// What can be installed by the system's own package manager: on Debian, as root.

import { readFileSync } from "node:fs";
import { which } from "./paths.mjs";
import { run } from "./run.mjs";
import { busy } from "./say.mjs";

export const isRoot = process.getuid?.() === 0;

export function onDebianAsRoot() {
  if (!isRoot || !which("apt-get")) return false;
  return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
}

let updated = false;

export async function aptInstall(...packages) {
  busy(`installing ${packages.join(", ")} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (!updated) await run("apt-get", ["update", "-qq"], { env });
  updated = true;
  const args = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  await run("apt-get", args, { env });
}
