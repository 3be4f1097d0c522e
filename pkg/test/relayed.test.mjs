// Which way a browser-only key goes: by the relay, in an envelope, or not at all; and what the vault tells a relay.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { KeysealError, Vault } from "../dist/index.js";
import { fitRelay } from "../dist/vault/relay-door.js";
import { FakeCompanion, json, tokenFor, URL_OF_COMPANION } from "./companion.mjs";

const KEY = `sk-proj-${"aB3_".repeat(16)}`;
const CHAT = "/forward/openai/v1/chat/completions";

let companion;
let sessions;
beforeEach(async (t) => {
  companion = await FakeCompanion.make();
  companion.serve(t);
  companion.instead.set(`POST ${CHAT}`, () => json({ by: "forward" }));
  sessions = [];
});

/** A relay that answers as told, and keeps what it was asked. */
function relay(answer = () => Response.json({ by: "relay" })) {
  return fitRelay((parts) => {
    const session = {
      parts,
      sent: [],
      wiped: [],
      checks: [],
      async send(request) {
        session.sent.push(request);
        return answer(request);
      },
      testCall: async () => ({ method: "GET", path: "/v1/models", headers: [["x", "y"]] }),
      async judge(judged) {
        session.judged = judged;
        return "limited";
      },
      async check(now) {
        session.checks.push(now);
      },
      wipe: (error) => session.wiped.push(error.code),
    };
    sessions.push(session);
    return session;
  });
}

const open = (options = {}) =>
  Vault.open({ companion: URL_OF_COMPANION, token: () => tokenFor("user-1"), ...options });
const ask = (vault, init = {}) =>
  vault.fetch(`${vault.baseURL("openai")}/chat/completions?x=1`, {
    method: "POST",
    headers: { Authorization: "Bearer placeholder", "x-api-key": "p", "X-Mine": "1" },
    body: "{}",
    ...init,
  });
const failing = (code) => () => Promise.reject(new KeysealError(code, "said so"));
const enveloped = () => companion.askedFor("POST", CHAT).length;

test("with a relay a browser-only key goes by it, and the companion's forward is not asked", async () => {
  const vault = await open({ relay: relay() });
  const entry = await vault.add(KEY, { storage: "browser" });
  const answer = await ask(vault, { headers: { "Keyseal-Entry": entry.id, "X-Mine": "1" } });
  assert.deepEqual(await answer.json(), { by: "relay" });
  const [sent] = sessions[0].sent;
  assert.deepEqual(
    [sent.entry, sent.route, sent.method, sent.path, sent.host],
    [entry.id, "openai", "POST", "/v1/chat/completions?x=1", undefined],
  );
  const names = [...sent.headers.keys()];
  assert.deepEqual(
    names.filter((name) => /^keyseal-|^authorization|key$/.test(name)),
    [],
  );
  assert.equal(sent.headers.get("x-mine"), "1");
  assert.equal(enveloped(), 0);
  assert.equal(JSON.stringify(sent.init).includes(KEY), false);
});

test("a synced key goes by forward all the same, and so does the demo provider, who is the companion", async () => {
  companion.instead.set("POST /forward/demo/v1/chat/completions", () => json({ by: "forward" }));
  const vault = await open({ relay: relay() });
  await vault.add(KEY);
  await vault.add(`demo-${"x".repeat(40)}`, { storage: "browser", provider: "demo" });
  assert.deepEqual(await (await ask(vault)).json(), { by: "forward" });
  const url = `${URL_OF_COMPANION}/forward/demo/v1/chat/completions`;
  const demo = await vault.fetch(url, { method: "POST" });
  assert.deepEqual(await demo.json(), { by: "forward" });
  assert.deepEqual(sessions[0].sent, []);
});

test("without one it goes in an envelope, unless that was forbidden; then it says what is missing", async () => {
  const vault = await open();
  const entry = await vault.add(KEY, { storage: "browser" });
  assert.equal(vault.allowsEnvelope, true);
  assert.deepEqual(await (await ask(vault)).json(), { by: "forward" });
  vault.allowsEnvelope = false;
  for (const use of [
    () => ask(vault),
    () => vault.test(entry.id),
    () => vault.headersFor("openai", { method: "POST", path: CHAT }),
  ]) {
    await assert.rejects(use(), (error) => {
      assert.equal(error.code, "relay_not_loaded");
      assert.match(error.next, /keyseal\/relay.*allowsEnvelope/);
      return true;
    });
  }
  assert.equal(enveloped(), 1);
  assert.throws(() => {
    vault.allowsEnvelope = "yes";
  }, /true or false/);
});

test("where there is no relay to be had it goes in an envelope only if somebody allowed that", async () => {
  for (const code of ["relay_missing", "relay_blocked", "wasm_blocked", "host_refused"]) {
    const vault = await open({ relay: relay(failing(code)) });
    await vault.add(KEY, { storage: "browser" });
    assert.equal(vault.allowsEnvelope, false);
    await assert.rejects(ask(vault), { code });
    const before = enveloped();
    vault.allowsEnvelope = true;
    assert.deepEqual(await (await ask(vault)).json(), { by: "forward" });
    assert.equal(enveloped(), before + 1);
    // What was read of a stream is gone: it is not sent again, half.
    const body = new Blob(["{}"]).stream();
    await assert.rejects(ask(vault, { body, duplex: "half" }), { code });
    vault.close();
  }
});

test("a relay that failed on the way is never answered with an envelope", async () => {
  for (const code of ["certificate_refused", "tls_refused", "relay_interrupted", "path_refused"]) {
    const vault = await open({ relay: relay(failing(code)) });
    await vault.add(KEY, { storage: "browser" });
    vault.allowsEnvelope = true;
    await assert.rejects(ask(vault), { code });
    vault.close();
  }
  assert.equal(enveloped(), 0);
});

test("what only the companion can route is refused by name, and so are headers for callers", async () => {
  const vault = await open({ relay: relay() });
  const { id } = await vault.add(KEY, { storage: "browser" });
  const url = `${URL_OF_COMPANION}/v1/chat/completions`;
  const headers = { "Keyseal-Entry": id };
  await assert.rejects(vault.fetch(url, { method: "POST", headers }), {
    code: "envelope_not_allowed",
  });
  await assert.rejects(vault.headersFor("openai", { method: "POST", path: CHAT }), {
    code: "envelope_not_allowed",
  });
});

test("a test goes by the relay too, and is noted", async () => {
  const vault = await open({ relay: relay(() => new Response("busy", { status: 429 })) });
  const { id } = await vault.add(KEY, { storage: "browser" });
  const { status, statusDetail } = await vault.test(id);
  assert.deepEqual(
    [status, statusDetail],
    ["limited", "The key is good, but out of requests or funds for now."],
  );
  assert.deepEqual(sessions[0].judged, {
    provider: "openai",
    status: 429,
    contentType: "text/plain;charset=UTF-8",
    body: "busy",
  });
  assert.equal(vault.entries[0].status, "limited");
  assert.equal(companion.askedFor("POST", "/api/v1/test/openai").length, 0);
});

test("a provider that cannot be reached says nothing of a key; a locked vault does", async () => {
  let code = "upstream_unreachable";
  const vault = await open({ relay: relay(() => failing(code)()) });
  const { id } = await vault.add(KEY, { storage: "browser" });
  const { status, statusDetail } = await vault.test(id);
  assert.deepEqual([status, statusDetail], ["unknown", "The test could not be made: said so"]);
  code = "vault_locked";
  await assert.rejects(vault.test(id), { code });
});

test("a refusal is noted at the entry before the next request chooses one", async () => {
  const vault = await open({ relay: relay(() => new Response("", { status: 401 })) });
  await vault.add(KEY, { storage: "browser" });
  await ask(vault);
  assert.equal(vault.entries[0].status, "invalid");
});

test("the relay is told of a lock, of the end, and of what is still stored", async () => {
  const vault = await open({ relay: relay() });
  const { id } = await vault.add(KEY, { storage: "browser" });
  const [session] = sessions;
  const record = vault.records().find(({ name }) => name.includes(id)).value;
  const isStored = () => session.checks.at(-1)(record);
  await vault.update(id, { label: "what stands beside the ciphertext" });
  assert.equal(isStored(), true);
  await vault.replace(id, KEY);
  assert.equal(isStored(), false);
  const before = session.wiped.length;
  vault.close();
  assert.ok(session.wiped.length > before);
  assert.equal(session.wiped.at(-1), "vault_locked");
});

test("what the relay counts is summed by day, and lies sealed beside the other records", async () => {
  const vault = await open({ relay: relay() });
  const { id } = await vault.add(KEY, { storage: "browser" });
  const { used } = sessions[0].parts;
  const user = { entry: id, provider: "openai", isCounted: true };
  const secret = "gpt-nobody-knows";
  used(user, { status: 200, model: secret, inputTokens: 3, outputTokens: 4, costMicroUsd: 5e5 });
  used(user, { status: 200, model: secret, inputTokens: 1, outputTokens: 1 });
  used(user, { status: 200, model: secret });
  used({ ...user, isCounted: false }, { status: 200, model: secret, inputTokens: 99 });
  await vault.deviceUsage();
  used(user, { status: 500, model: secret });
  const rows = await vault.deviceUsage();
  assert.equal(rows.length, 1);
  const { day, ...row } = rows[0];
  assert.match(day, /^\d{4}-\d\d-\d\d$/);
  assert.deepEqual(row, {
    provider: "openai",
    model: secret,
    entry: id,
    requests: 4,
    failedRequests: 1,
    uncountedRequests: 1,
    inputTokens: 4,
    cachedTokens: 0,
    outputTokens: 5,
    reasoningTokens: 0,
    totalTokens: 9,
    images: 0,
    audioSeconds: 0,
    characters: 0,
    costUsd: 0.5,
  });
  assert.equal(JSON.stringify(vault.records()).includes(secret), false);
  assert.ok(JSON.stringify(vault.records()).includes("usage."));
});

test("a relay that somebody else made gets nothing", async () => {
  for (const other of [{}, Object.freeze({}), relay, "relay"]) {
    await assert.rejects(open({ relay: other }), { code: "validation" });
  }
});
