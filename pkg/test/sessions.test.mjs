// Sessions against the real companion: whatever changes under way, requests in parallel all succeed, and what has to
// be made anew is made once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { demoKey as freshKey } from "../../tests/support/canary.mjs";
import { Vault } from "../dist/index.js";
import { FakeCompanion, problem, tokenFor, URL_OF_COMPANION } from "./companion.mjs";
import { command, realCompanion, tokenOf } from "./real.mjs";

const demoKey = () => freshKey().key;
const MANY = 12;
const HOUR = 3_600_000;

/** A vault with one browser-only key, and every session that its requests named. */
async function using(t, options, provider = "demo") {
  const vault = await Vault.open(options);
  await vault.add(demoKey(), { provider, storage: "browser" });
  const sessions = new Set();
  const real = globalThis.fetch;
  const listening = (input, init) => {
    const session = new Headers(init?.headers).get("keyseal-session");
    if (session) sessions.add(session);
    return real(input, init);
  };
  globalThis.fetch = listening;
  t.after(() => {
    if (globalThis.fetch === listening) globalThis.fetch = real;
  });
  return { vault, sessions };
}

async function chat(vault) {
  const [{ provider }] = vault.entries;
  const answer = await vault.fetch(`${vault.baseURL(provider)}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] }),
  });
  return answer.status;
}

const many = (vault) => Promise.all(Array.from({ length: MANY }, () => chat(vault)));
const allGood = Array(MANY).fill(200);

test("one session serves all requests of a token; another token has one of its own", async (t) => {
  const companion = await realCompanion(t);
  const printed = await command(companion, "token");
  const link = /http:\S+#link=\S+/.exec(printed)[0];
  const tokens = [await tokenOf(companion), await tokenOf(companion, link)];
  assert.notEqual(tokens[0], tokens[1]);
  let now = 0;
  const { vault, sessions } = await using(t, {
    companion: companion.url,
    token: () => tokens[now],
  });
  assert.deepEqual(await many(vault), allGood);
  assert.equal(sessions.size, 1);
  const before = many(vault);
  now = 1;
  assert.deepEqual([...(await before), ...(await many(vault))], [...allGood, ...allGood]);
  assert.equal(sessions.size, 2);
});

test("the companion's key is gone: requests that came to the old one are made anew, under one session", async (t) => {
  const companion = await FakeCompanion.make();
  companion.serve(t);
  const token = tokenFor("user-1");
  const options = { companion: URL_OF_COMPANION, token: () => token };
  const { vault, sessions } = await using(t, options, "openai");
  companion.instead.set("POST /forward/openai/v1/chat/completions", ({ headers }) => {
    const [header] = headers.get("keyseal-session").split(".");
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString());
    return kid === companion.current.jwk.kid ? undefined : problem(422, "unknown_kid");
  });
  assert.deepEqual(await many(vault), allGood);
  await companion.rotate();
  companion.asked = [];
  assert.deepEqual(await many(vault), allGood);
  assert.equal(sessions.size, 2);
  assert.equal(companion.askedFor("GET", "/.well-known/keyseal").length, 1, "asked for once");
});

test("killed and started again: the same session goes on", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const { vault, sessions } = await using(t, { companion: companion.url, token: () => token });
  assert.deepEqual(await many(vault), allGood);
  await companion.stop("SIGKILL");
  await assert.rejects(chat(vault), { code: "companion_unreachable" });
  await companion.start();
  assert.deepEqual(await many(vault), allGood);
  assert.equal(sessions.size, 1);
});

for (const [words, shift] of [
  ["ahead", 2 * HOUR],
  ["behind", -2 * HOUR],
]) {
  test(`this device's clock is two hours ${words}: corrected by the companion's`, async (t) => {
    const companion = await realCompanion(t);
    const token = await tokenOf(companion);
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + shift });
    const { vault, sessions } = await using(t, { companion: companion.url, token: () => token });
    assert.deepEqual(await many(vault), allGood);
    assert.equal(sessions.size, 1);
    await vault.add(demoKey());
    t.mock.timers.reset();
    // Put right while the vault is open: as far off as before, the other way. One session is made by the wrong
    // clock, and one after a look at the companion's.
    assert.deepEqual(await many(vault), allGood);
    assert.equal(sessions.size, 3);
  });
}
