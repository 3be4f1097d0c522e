// The companion's keys change under a browser that remembers its identity: nobody has to do anything.

import assert from "node:assert/strict";
import { test } from "node:test";
import { demoKey as freshKey } from "../../tests/support/canary.mjs";
import { Vault } from "../dist/index.js";
import { command, realCompanion, tokenOf } from "./real.mjs";

const demoKey = () => freshKey().key;

const current = async ({ url }) => {
  const answer = await fetch(`${url}/.well-known/jwks.json`);
  return (await answer.json()).keys[0].kid;
};

async function followed(companion, old) {
  for (let tries = 0; tries < 200; tries += 1) {
    const kid = await current(companion);
    if (kid !== old) return kid;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the running companion did not follow");
}

async function chat(vault, provider = "demo") {
  const answer = await vault.fetch(`${vault.baseURL(provider)}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] }),
  });
  return [answer.status, answer.headers.get("keyseal-served-by")];
}

const kidsOf = (vault) => vault.sealed().map(({ sealedKey }) => sealedKey.recipients[0].header.kid);

test("after a rotation a vault seals to the new key, and all that it had is still good", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const options = { companion: companion.url, token: () => token };
  const vault = await Vault.open(options);
  const first = await vault.add(demoKey(), { provider: "demo" });
  assert.deepEqual(await chat(vault), [200, `entry ${first.id}`]);
  const old = await current(companion);
  // What the operator reads out is what the page shows.
  const listed = await command(companion, "keys", "list");
  assert.ok(listed.includes(`identity ${vault.companion.fingerprint}\n`), listed);

  await command(companion, "keys", "rotate", "--announce");
  await command(companion, "keys", "rotate");
  const kid = await followed(companion, old);
  const second = await vault.add(demoKey(), { provider: "demo" });
  assert.match(await command(companion, "rewrap"), /\b1 entries moved to the current key, 0 have/);
  await vault.refresh();
  assert.deepEqual(kidsOf(vault), [kid, kid]);
  assert.deepEqual(await chat(vault), [200, `entry ${first.id}`]);

  await command(companion, "keys", "retire", old);
  assert.deepEqual(await chat(vault), [200, `entry ${first.id}`]);
  const third = await vault.add(demoKey(), { provider: "demo" });
  const ids = vault.entries.map(({ id }) => id);
  assert.deepEqual(ids.sort(), [first.id, second.id, third.id].sort());
});

test("a session under a retired key is renewed, with no error in between", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const vault = await Vault.open({ companion: companion.url, token: () => token });
  await vault.add(demoKey(), { provider: "demo", storage: "browser" });
  assert.deepEqual(await chat(vault), [200, "envelope"]);
  const old = await current(companion);
  await command(companion, "keys", "rotate");
  await followed(companion, old);
  assert.deepEqual(await chat(vault), [200, "envelope"]);
  await command(companion, "keys", "retire", old);
  // What it had unwrapped is gone with the process: the old session can only be refused.
  await companion.stop("SIGKILL");
  await companion.start();
  const sessions = [];
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const session = new Headers(init?.headers).get("keyseal-session");
    if (session) sessions.push(JSON.parse(Buffer.from(session.split(".")[0], "base64url")).kid);
    return real(input, init);
  };
  t.after(() => {
    globalThis.fetch = real;
  });
  assert.deepEqual(await chat(vault), [200, "envelope"]);
  assert.deepEqual(sessions, [old, await current(companion)]);
});
