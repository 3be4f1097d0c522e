// `npm run bench`: where keyseal stands beside what one would use instead. Prints one table.
//
//   npm run bench -- [size] [page] [seal] [forward] [memory] [streams] [entries] [relay] [handshake] [--seconds N] [--rounds N]
//
// Numbers are for reading, on a quiet machine; nothing here passes or fails.

import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { prepareBrowser } from "../scripts/lib/browser.mjs";
import { buildFrontend, buildServer } from "../scripts/lib/build.mjs";
import { root } from "../scripts/lib/paths.mjs";
import { capture, run } from "../scripts/lib/run.mjs";
import { busy, main, title, warn } from "../scripts/lib/say.mjs";
import { prepareToolchain } from "../scripts/lib/toolchain.mjs";
import { table } from "./table.mjs";

const PARTS = [
  "size",
  "page",
  "seal",
  "forward",
  "memory",
  "streams",
  "entries",
  "relay",
  "handshake",
];
const OF_SERVER = ["page", "forward", "memory", "streams", "entries", "relay"];

const number = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

await main(async () => {
  const named = process.argv.slice(2).filter((word) => PARTS.includes(word));
  const parts = named.length ? named : PARTS;
  const options = { seconds: number("seconds", 5), rounds: number("rounds", 3) };

  await prepareToolchain();
  await addPeers();
  await buildFrontend();
  if (OF_SERVER.some((part) => parts.includes(part))) await buildServer();
  if (parts.includes("seal") || parts.includes("page")) await prepareBrowser();

  const rows = [];
  for (const part of parts) {
    title(part);
    try {
      const { measure } = await import(`./${part}.mjs`);
      rows.push(...(await measure({ ...options, say: busy, skip: warn })));
    } catch (error) {
      warn(`${part} could not be measured: ${error.stack}`);
    }
  }

  title("results");
  const commit = capture("git", ["describe", "--always", "--dirty"]) ?? "no commit";
  console.log(`${commit} · ${cpus().length} × ${cpus()[0]?.model} · Node ${process.version}\n`);
  console.log(table(rows));
});

/** The peers have a lockfile of their own: only who runs the benchmarks installs them. */
async function addPeers() {
  if (existsSync(join(root, "bench/node_modules"))) return;
  busy("installing the peers");
  await run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: join(root, "bench"),
  });
}
