// Whether a million stored keys are slower to look up, to list and to forward under than a thousand.
// The times are the server's own, out of its log: from the request's head to the answer's. Who asks
// gives way to the server (entries-caller.mjs): where both want the same processor, the time would
// else be that of waiting for it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { built, root, which } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { entryId, now, sealWithJose } from "../tests/support/jose.mjs";
import { companionForUsers } from "../tests/support/users.mjs";
import { short } from "./table.mjs";

const SIZES = [1_000, 1_000_000];
/** So many entries each user has. */
const OF_A_USER = 10;
const ASKED = 2000;
/** So many before them are not counted. */
const WARMING = 100;
const key = "sk-proj-bench0123456789abcdefghijABCDEFGHIJ";

/** What is asked for: its name, its route in the log, and the request. */
const CALLS = [
  ["list", "/api/v1/api-keys", (user) => [user, "GET", "/api/v1/api-keys"]],
  [
    "look-up",
    "/api/v1/api-keys/{id}",
    (user) => [user, "GET", `/api/v1/api-keys/${firstId(user)}`],
  ],
  [
    "forward",
    "/forward/{provider}/{*path}",
    () => ["owner", "POST", "/forward/openai/v1/embeddings", { model: "m", input: "text" }],
  ],
];

export async function measure({ say, skip }) {
  if (!which("sqlite3")) {
    skip("sqlite3 was not found (on Debian: apt-get install sqlite3): entries are left out");
    return [];
  }
  const provider = createServer((asked, answer) => {
    asked.resume();
    answer.setHeader("content-type", "application/json").end('{"usage":{"prompt_tokens":1}}');
  });
  provider.listen({ port: 0, host: "127.0.0.1" });
  await once(provider, "listening");
  const companions = [];
  try {
    for (const entries of SIZES) {
      say(`storing ${entries} entries`);
      companions.push(await companionWith(entries, provider.address().port));
    }
    const rows = [];
    for (const [name, route, request] of CALLS) {
      say(`${name}, ${ASKED} times of each`);
      const [few, many] = await timesOf(companions, route, request);
      rows.push({
        what: `${name}, ${SIZES.at(-1)} entries, inside the server`,
        value: `p99 ${short(p99(many))} µs, median ${short(half(many))} µs`,
        beside: `with ${SIZES[0]}: p99 ${short(p99(few))} µs, median ${short(half(few))} µs`,
        goal: name === "forward" ? "no slower" : "p99 ≤ 2000 µs",
      });
    }
    return rows;
  } finally {
    for (const { companion } of companions) await companion.remove();
    provider.closeAllConnections();
    provider.close();
  }
}

async function companionWith(entries, port) {
  const { companion, tokenFor, call } = await companionForUsers({
    program: built("release", "keyseal-server"),
    args: [],
    env: {
      KEYSEAL__PROVIDERS__OPENAI__ORIGIN: `http://127.0.0.1:${port}`,
      KEYSEAL__PROVIDERS__OPENAI__ALLOW_PRIVATE: "true",
    },
  });
  try {
    await addKey(companion, await tokenFor("owner"), call);
    await companion.stop();
    await multiply(join(companion.dataDir, "keyseal.db"), entries);
    await companion.start();
  } catch (error) {
    await companion.remove();
    throw error;
  }
  return { companion, tokenFor, users: entries / OF_A_USER };
}

/** Asks all companions in turn, each time for another user, and gives the times of each. */
async function timesOf(companions, route, request) {
  const requests = [];
  for (let asked = 0; asked < WARMING + ASKED; asked += 1) {
    for (const { companion, tokenFor, users } of companions) {
      const [sub, method, path, body] = request(`user-${Math.floor(Math.random() * users)}`);
      const token = await tokenFor(sub);
      requests.push({ url: companion.url + path, method, token, body });
    }
  }
  for (const { companion } of companions) companion.stderr = "";
  const caller = spawn(
    "nice",
    ["-n", "19", process.execPath, join(root, "bench/entries-caller.mjs")],
    { stdio: ["pipe", "inherit", "inherit"] },
  );
  caller.stdin.end(JSON.stringify(requests));
  const [code] = await once(caller, "exit");
  if (code !== 0) throw new Error(`the caller ended with ${code}`);
  return Promise.all(companions.map(({ companion }) => logged(companion, route)));
}

async function addKey(companion, token, call) {
  const { keys } = await (await fetch(`${companion.url}/.well-known/jwks.json`)).json();
  const id = entryId();
  const claims = { key, provider: "openai", sub: "owner", rid: id, iat: now() };
  const sealedKey = await sealWithJose(claims, keys[0]);
  const stored = await call(token, "POST", "/api/v1/api-keys", {
    id,
    provider: "openai",
    sealedKey,
  });
  if (stored.status !== 201) throw new Error(stored.text);
}

const firstId = (user) => {
  const number = Number(user.slice("user-".length)) * OF_A_USER;
  return `${number.toString(16).padStart(8, "0")}-0000-7000-8000-000000000000`;
};

/** Copies the one entry until there are so many. */
async function multiply(database, entries) {
  const sql = `
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TEMP TABLE one AS SELECT * FROM entries;
    CREATE TEMP TABLE numbers AS
      WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 2 < ${entries})
      SELECT n FROM counted;
    CREATE TEMP TABLE copies AS SELECT one.*, n FROM numbers, one;
    UPDATE copies SET sub = 'user-' || (n / ${OF_A_USER}), priority = n % ${OF_A_USER},
      id = printf('%08x-0000-7000-8000-000000000000', n);
    ALTER TABLE copies DROP COLUMN n;
    INSERT INTO entries SELECT * FROM copies;
    PRAGMA journal_mode = WAL;`;
  await run("sqlite3", [database, sql], { stdio: ["ignore", "ignore", "inherit"] });
}

/** What the log says that requests of a route took, in microseconds. */
async function logged(companion, route) {
  for (let tries = 0; tries < 100; tries += 1) {
    const lines = companion.stderr.split("\n").filter((line) => line.includes(`"${route}"`));
    if (lines.length === WARMING + ASKED) {
      return lines.slice(WARMING).map((line) => JSON.parse(line).micros);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the log does not name ${route} ${ASKED} times`);
}

const at = (part) => (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length * part)];
const p99 = at(0.99);
const half = at(0.5);
