// The real companion, as the tests of this package meet it.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Companion } from "../../tests/support/companion.mjs";

/** A companion with the demo provider, until the test is over. */
export async function realCompanion(t) {
  const companion = new Companion();
  await companion.start();
  t.after(() => companion.remove());
  return companion;
}

/** A caller's token in local mode, by a link that the companion printed. */
export async function tokenOf(companion, link) {
  const code = new URL(link ?? (await companion.link())).hash.slice("#link=".length);
  const answer = await fetch(`${companion.url}/api/v1/local/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ link: code }),
  });
  return (await answer.json()).token;
}

/** Runs another command of the companion's program over its folders; gives what it printed. */
export async function command(companion, ...args) {
  const { stdout } = await promisify(execFile)(companion.program, args, {
    cwd: companion.folder,
    env: { PATH: process.env.PATH, ...companion.settings() },
  });
  return stdout;
}
