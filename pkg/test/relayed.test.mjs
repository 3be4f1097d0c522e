// Which way a browser-only key goes: by the relay, in an envelope, or not at all; and what the vault tells a relay.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { KeysealError, Vault } from "../dist/index.js";
import { Requests } from "../dist/relay/requests.js";
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
  const begin = (parts) => {
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
      async against(looked) {
        if (looked.status === 403 && looked.body === undefined) return "look";
        if (looked.body?.includes("content")) return undefined;
        return { 401: "refused", 402: "limited", 403: "limited", 429: "wait" }[looked.status];
      },
      async check(now) {
        session.checks.push(now);
      },
      wipe: (error) => session.wiped.push(error.code),
    };
    sessions.push(session);
    return session;
  };
  return fitRelay((parts) => new Requests(parts, begin));
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
  assert.deepEqual([status, statusDetail], ["unknown", "The test could not be made. said so"]);
  code = "vault_locked";
  await assert.rejects(vault.test(id), { code });
});

test("a refusal is noted at the entry before the next request chooses one", async () => {
  const vault = await open({ relay: relay(() => new Response("", { status: 401 })) });
  await vault.add(KEY, { storage: "browser" });
  await ask(vault);
  assert.equal(vault.entries[0].status, "invalid");
});

/** Some keys of a provider in this browser, in order, and a relay that answers each with a status or as told. */
async function several(...answers) {
  const asked = [];
  const tell = async (request) => {
    asked.push(request.entry);
    const answer = answers[ids.indexOf(request.entry)];
    return typeof answer === "function"
      ? answer()
      : Response.json({ by: ids.indexOf(request.entry) }, { status: answer });
  };
  const vault = await open({ relay: relay(tell) });
  const ids = [];
  for (const [at] of answers.entries()) {
    ids.push((await vault.add(`${KEY}${at}`, { storage: "browser" })).id);
  }
  const entry = (at) => vault.entries.find(({ id }) => id === ids[at]);
  return { vault, ids, entry, order: () => asked.splice(0).map((id) => ids.indexOf(id)) };
}

test("a key that is not accepted makes room for the next; what each answer said of its key is noted", async () => {
  const { vault, ids, entry, order } = await several(401, 402, 429, 200, 200);
  const answer = await ask(vault);
  assert.deepEqual(await answer.json(), { by: 3 });
  assert.equal(answer.headers.get("keyseal-attempts"), "4");
  assert.equal(vault.servedBy(answer).id, ids[3]);
  assert.deepEqual(order(), [0, 1, 2, 3]);
  assert.deepEqual(
    [0, 1, 2, 3].map((at) => entry(at).status),
    ["invalid", "limited", "untested", "untested"],
  );
  assert.ok(Date.parse(entry(2).restingUntil) > Date.now());
  assert.equal(entry(3).restingUntil, null);

  // What was refused is left out, what is limited is asked again, what rests would come last.
  await ask(vault);
  assert.deepEqual(order(), [1, 3]);
});

test("an answer about the request, or about what was asked for, is no reason to ask under another key", async () => {
  const content = () => Response.json({ error: { type: "content" } }, { status: 403 });
  for (const answer of [200, 400, 404, 500, 503, content]) {
    const { vault, entry, order } = await several(answer, 200);
    const answered = await ask(vault);
    assert.equal(answered.headers.get("keyseal-attempts"), "1");
    assert.ok((await answered.text()).length > 2, "also what was looked at is there to be read");
    assert.deepEqual(order(), [0]);
    assert.equal(entry(0).status, "untested");
    for (const { id } of vault.entries) await vault.revoke(id);
    vault.close();
  }
});

test("when all are refused the last answer comes back as it was", async () => {
  const scope = () => Response.json({ error: { type: "scope" } }, { status: 403 });
  const { vault, entry, order } = await several(401, 429, scope);
  const answer = await ask(vault);
  assert.equal(answer.status, 403);
  assert.deepEqual(await answer.json(), { error: { type: "scope" } });
  assert.equal(answer.headers.get("keyseal-attempts"), "3");
  assert.deepEqual(order(), [0, 1, 2]);
  assert.equal(entry(2).status, "limited");
});

test("keys that rest: one is asked all the same, the one that rests no longer soonest", async () => {
  const resting = (after) => () =>
    new Response("", { status: 429, headers: { "Retry-After": after } });
  const soon = new Date(Date.now() + 60_000).toUTCString();
  const { vault, entry, order } = await several(resting("7200"), resting(soon), resting("soon"));
  await ask(vault);
  assert.deepEqual(order(), [0, 1, 2]);
  const seconds = [0, 1, 2].map((at) => (Date.parse(entry(at).restingUntil) - Date.now()) / 1000);
  for (const [at, most] of [3600, 60, 30].entries()) {
    assert.ok(seconds[at] <= most && seconds[at] > most - 10, `${at}: ${seconds[at]}`);
  }
  await ask(vault);
  assert.deepEqual(order(), [2]);
});

test("no other key is asked: for one that is named, without a fallback, and where the body is gone", async () => {
  const { vault, ids, order } = await several(429, 200);
  const headers = (more) => ({ headers: { "Keyseal-Entry": ids[0], ...more } });
  for (const init of [
    headers({}),
    { headers: { "Keyseal-Fallback": "none" } },
    { ...headers({ "Keyseal-Fallback": "keys" }), body: new Blob(["{}"]).stream(), duplex: "half" },
  ]) {
    const { headers } = await ask(vault, init);
    assert.equal(headers.get("keyseal-attempts"), "1");
    assert.equal(headers.get("keyseal-body"), init.body ? "once" : null);
  }
  assert.deepEqual(order(), [0, 1, 0]);
  await ask(vault, headers({ "Keyseal-Fallback": "keys" }));
  assert.deepEqual(order(), [0, 1]);
});

test("a way that broke is no word about the key; one that cannot be opened is passed over", async () => {
  const broken = await several(429, failing("relay_interrupted"));
  await assert.rejects(ask(broken.vault), { code: "relay_interrupted" });
  for (const { id } of broken.vault.entries) await broken.vault.revoke(id);
  broken.vault.close();
  const { vault, order } = await several(401, failing("entry_damaged"), 200);
  const answer = await ask(vault);
  assert.deepEqual(await answer.json(), { by: 2 });
  assert.equal(answer.headers.get("keyseal-attempts"), "2");
  assert.deepEqual(order(), [0, 1, 2]);
});

test("the companion's keys follow only where a fallback is asked for, and never in an envelope's place", async () => {
  const { vault, order } = await several(402);
  await vault.add(KEY);
  assert.equal((await ask(vault)).status, 402);
  assert.equal(enveloped(), 0);
  const more = { headers: { "Keyseal-Fallback": "keys" } };
  assert.deepEqual(await (await ask(vault, more)).json(), { by: "forward" });
  assert.deepEqual(order(), [0, 0]);
  const [{ headers }] = companion.askedFor("POST", CHAT);
  assert.deepEqual([headers.get("keyseal-fallback"), headers.get("keyseal-key")], ["keys", null]);

  // Where it has none either, the provider's own answer stands.
  const none = () => json({ code: "no_credential" }, 409, { "Keyseal-Error": "no_credential" });
  companion.instead.set(`POST ${CHAT}`, none);
  assert.equal((await ask(vault, more)).status, 402);
  assert.equal(enveloped(), 2);
});

test("in envelopes they follow each other too, by the status; what a proxy's page or the companion says is none", async () => {
  const vault = await open();
  for (const at of [0, 1, 2]) await vault.add(`${KEY}${at}`, { storage: "browser" });
  await vault.add(KEY);
  const served = { "Keyseal-Served-By": "envelope", "Keyseal-Attempts": "1" };
  const answers = [];
  companion.instead.set(`POST ${CHAT}`, () => {
    const [status, headers] = answers.shift();
    return json({ status }, status, headers);
  });
  answers.push([401, served], [429, { ...served, "Retry-After": "60" }], [200, served]);
  const answer = await ask(vault);
  assert.deepEqual(await answer.json(), { status: 200 });
  assert.equal(answer.headers.get("keyseal-attempts"), "3");
  assert.equal(vault.servedBy(answer).id, vault.entries[2].id);
  assert.deepEqual(
    vault.entries.map(({ status, restingUntil }) => [status, restingUntil !== null]).slice(0, 3),
    [
      ["invalid", false],
      ["untested", true],
      ["untested", false],
    ],
  );
  const sent = companion.askedFor("POST", CHAT);
  assert.equal(new Set(sent.map(({ headers }) => headers.get("keyseal-key"))).size, 3);
  assert.deepEqual(
    sent.map(({ headers }) => headers.get("keyseal-fallback")),
    ["none", "none", null],
  );

  // Not of a key: another was used, the companion refused, a page that may be anybody's.
  await vault.update(vault.entries[2].id, { isActive: false });
  for (const headers of [
    { "Keyseal-Served-By": "platform" },
    { "Keyseal-Error": "rate_limited" },
  ]) {
    answers.push([429, headers]);
    await ask(vault, { headers: { "Keyseal-Entry": vault.entries[2].id } });
    assert.equal(vault.entries[2].restingUntil, null);
  }
  answers.push([401, { ...served, "content-type": "text/html" }]);
  await ask(vault, { headers: { "Keyseal-Entry": vault.entries[2].id } });
  assert.equal(vault.entries[2].status, "untested");
  assert.deepEqual(answers, []);
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
  // Records that cannot be read are said elsewhere: a rejection here would have nobody to hear it.
  const heard = [];
  const hear = (error) => heard.push(error);
  process.on("unhandledRejection", hear);
  session.check = () => Promise.reject(new Error("storage is blocked"));
  await vault.update(id, { label: "all the same" });
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", hear);
  assert.deepEqual(heard, []);
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
