// The vault over a companion that answers as told. What is sealed is opened by another library.

import assert from "node:assert/strict";
import { once } from "node:events";
import { beforeEach, test } from "node:test";
import { fingerprint, KeysealError, Vault } from "../dist/index.js";
import { insideOf } from "../dist/vault/inside.js";
import { FakeCompanion, json, listed, problem, tokenFor, URL_OF_COMPANION } from "./companion.mjs";

const KEY = `sk-proj-${"aB3_".repeat(16)}`;
const CHAT = "/forward/openai/v1/chat/completions";

let companion;
beforeEach(async (t) => {
  companion = await FakeCompanion.make();
  companion.serve(t);
});

const open = (options = {}) =>
  Vault.open({ companion: URL_OF_COMPANION, token: () => tokenFor("user-1"), ...options });

test("a synced key: sealed to the companion for this user, entry and provider; listed masked", async () => {
  const vault = await open();
  const entry = await vault.add(` ${KEY}\n`, { label: "prod" });

  const [{ body }] = companion.askedFor("POST", "/api/v1/api-keys");
  assert.equal(JSON.stringify(companion.asked).includes(KEY), false);
  const claims = await companion.open(body.sealedKey);
  assert.equal(claims.key, KEY);
  assert.deepEqual([claims.sub, claims.rid, claims.provider], ["user-1", entry.id, "openai"]);
  assert.equal(entry.label, "prod");
  assert.equal("sealedKey" in entry, false);
  assert.deepEqual(vault.entries, [entry]);
});

test("a browser-only key: never uploaded, used by an envelope made for that one request", async () => {
  const vault = await open();
  const entry = await vault.add(KEY, { storage: "browser" });
  assert.equal(companion.askedFor("POST", "/api/v1/api-keys").length, 0);
  assert.equal(JSON.stringify(vault.records()).includes(KEY), false);

  const noted = once(vault, "change");
  const response = await vault.fetch(`${vault.baseURL("openai")}/chat/completions?x=1`, {
    method: "post",
    headers: { "x-api-key": "placeholder", Authorization: "Bearer placeholder", "X-Mine": "1" },
    body: "{}",
  });
  const { headers } = companion.asked.at(-1);
  const { key, m, p, sub } = await companion.openEnvelope(headers);
  assert.deepEqual([key, m, p, sub], [KEY, "POST", CHAT, "user-1"]);
  assert.equal(headers.get("authorization"), `Bearer ${tokenFor("user-1")}`);
  assert.equal(headers.get("x-api-key"), null);
  assert.equal(headers.get("x-mine"), "1");
  assert.equal(vault.servedBy(response).id, entry.id);
  await noted;
  assert.notEqual(vault.entries[0].lastUsedAt, null);
});

test("pasted bytes are wiped, whether storing worked or not", async () => {
  const vault = await open();
  const bytes = () => new TextEncoder().encode(KEY);
  const [synced, browser, refused] = [bytes(), bytes(), bytes()];
  await vault.add(synced);
  await vault.add(browser, { storage: "browser" });
  companion.instead.set("POST /api/v1/api-keys", () => problem(422, "validation"));
  await assert.rejects(vault.add(refused), { code: "validation" });
  for (const wiped of [synced, browser, refused]) assert.ok(wiped.every((byte) => byte === 0));
});

test("whose key it is must be certain, or named", async () => {
  const vault = await open();
  await assert.rejects(vault.add("something-without-a-shape-000"), { code: "provider_ambiguous" });
  const entry = await vault.add("something-without-a-shape-000", { provider: "mistral" });
  assert.equal(entry.provider, "mistral");
});

test("the companion's key changed meanwhile: sealed once more to the new one, bytes too", async () => {
  const vault = await open();
  await companion.rotate();
  const entry = await vault.add(new TextEncoder().encode(KEY));
  const [first, second] = companion.askedFor("POST", "/api/v1/api-keys");
  assert.equal(first.body.id, second.body.id);
  assert.equal((await companion.open(second.body.sealedKey)).key, KEY);
  assert.equal(entry.id, second.body.id);
});

test("a refusal that sealing again cannot mend is not repeated", async () => {
  const vault = await open();
  companion.instead.set("POST /api/v1/api-keys", () => problem(409, "id_conflict", "Do this."));
  await assert.rejects(vault.add(KEY), (error) => {
    assert.ok(error instanceof KeysealError);
    assert.deepEqual([error.code, error.status, error.next], ["id_conflict", 409, "Do this."]);
    return true;
  });
  assert.equal(companion.askedFor("POST", "/api/v1/api-keys").length, 1);
});

test("an upload whose answer was lost is sent again with the same id and body", async () => {
  const vault = await open();
  let lost = 0;
  companion.instead.set("POST /api/v1/api-keys", () => {
    lost += 1;
    if (lost === 1) throw new TypeError("connection reset");
  });
  await vault.add(KEY);
  const [first, second] = companion.askedFor("POST", "/api/v1/api-keys");
  assert.deepEqual(first.body, second.body);
  assert.equal(vault.entries.length, 1);
});

test("an envelope to a key that the companion no longer knows is made anew, once", async () => {
  const vault = await open();
  await vault.add(KEY, { storage: "browser" });
  let refusals = 0;
  companion.instead.set(`POST ${CHAT}`, () => {
    refusals += 1;
    return refusals === 1 ? problem(422, "unknown_kid") : undefined;
  });
  await companion.rotate();
  const url = `${vault.baseURL("openai")}/chat/completions`;
  assert.equal((await vault.fetch(url, { method: "POST", body: "{}" })).status, 200);
  assert.equal((await companion.openEnvelope(companion.asked.at(-1).headers)).key, KEY);

  companion.instead.set(`POST ${CHAT}`, () => problem(422, "unknown_kid"));
  const before = companion.askedFor("POST", CHAT).length;
  assert.equal((await vault.fetch(url, { method: "POST", body: "{}" })).status, 422);
  assert.equal(companion.askedFor("POST", CHAT).length, before + 2);
});

test("a companion of another identity: nothing is sealed to it, listing goes on", async () => {
  companion.keys = [listed({ id: "a", provider: "openai" })];
  const vault = await open();
  await companion.takeOver();
  await vault.refresh();
  assert.match(vault.problems[0].code, /^keyset_/);
  await assert.rejects(vault.add(KEY), { code: vault.problems[0].code });
  await assert.rejects(vault.add(KEY, { storage: "browser" }), { code: vault.problems[0].code });
  assert.equal(companion.askedFor("POST", "/api/v1/api-keys").length, 0);
  assert.equal(vault.entries.length, 1);
});

test("trustedIdentity: another one is refused at first sight", async () => {
  const vault = await open({ trustedIdentity: "A".repeat(43) });
  assert.match(vault.problems[0].code, /^keyset_/);
  const trusting = await open({ trustedIdentity: companion.identity.jwk.kid });
  assert.deepEqual(trusting.problems, []);
  assert.equal(trusting.companion.identity, companion.identity.jwk.kid);
});

test("another identity is pinned by its fingerprint alone, and not where the app names one", async () => {
  const vault = await open();
  await vault.add(KEY, { storage: "browser" });
  const before = vault.companion.fingerprint;
  await companion.takeOver();
  await vault.refresh();
  assert.equal(vault.problems[0].code, "keyset_identity");
  const inside = insideOf(vault);
  for (const wrong of ["", "x", before, companion.identity.jwk.kid, null]) {
    await assert.rejects(inside.trustIdentity(wrong), { name: "KeysealError" }, `${wrong}`);
  }
  assert.equal(vault.problems[0].code, "keyset_identity");
  await assert.rejects(vault.add(KEY), { code: "keyset_identity" });

  const theirs = fingerprint(companion.identity.jwk.kid);
  await inside.trustIdentity(theirs.toUpperCase().replaceAll(" ", ":"));
  assert.deepEqual(vault.problems, []);
  assert.equal(vault.companion.fingerprint, theirs);
  await vault.add(KEY);
  // It is pinned, for whoever comes back; what only this browser has goes on being used.
  const path = "/forward/openai/v1/models";
  const own = vault.entries.find(({ storage }) => storage === "browser");
  const headers = await vault.headersFor("openai", { method: "GET", path, entry: own.id });
  assert.ok(headers["Keyseal-Key"]);

  const named = await open({ trustedIdentity: "A".repeat(43) });
  await assert.rejects(insideOf(named).trustIdentity(theirs), { code: "validation" });
});

test("the companion is away: the vault opens, says so, and comes back", async () => {
  companion.reachable = false;
  const vault = await open();
  assert.equal(vault.sub, "user-1");
  assert.equal(vault.problems[0].code, "companion_unreachable");
  await assert.rejects(vault.add(KEY), { code: "companion_unreachable" });

  companion.reachable = true;
  await vault.refresh();
  assert.deepEqual(vault.problems, []);
  await vault.add(KEY);

  companion.reachable = false;
  let changes = 0;
  vault.addEventListener("change", () => {
    changes += 1;
  });
  await assert.rejects(vault.test(vault.entries[0].id), { code: "companion_unreachable" });
  assert.equal(vault.problems[0].code, "companion_unreachable");
  assert.equal(vault.entries.length, 1);
  assert.ok(changes > 0);
});

test("away, and the token names nobody: then there is no vault to open", async () => {
  companion.reachable = false;
  await assert.rejects(open({ token: () => "opaque" }), { code: "companion_unreachable" });
});

test("something else answers in the companion's place: said as that", async () => {
  companion.instead.set("GET /api/v1/me", () => new Response("<html>", { status: 502 }));
  await assert.rejects(open({ token: () => "opaque" }), { code: "unavailable", status: 502 });
  companion.instead.set("GET /api/v1/me", () => new Response("<html>"));
  await assert.rejects(open({ token: () => "opaque" }), { code: "unavailable", status: 200 });
});

test("an answer that breaks off is the companion's all the same: it cannot be reached", async () => {
  const cut = () => new ReadableStream({ pull: (body) => body.error(new TypeError("network")) });
  companion.instead.set("GET /api/v1/me", () => new Response(cut()));
  await assert.rejects(open({ token: () => "opaque" }), { code: "companion_unreachable" });
});

test("a token that is refused or missing is the caller's to mend", async () => {
  companion.instead.set("GET /api/v1/me", () => problem(401, "unauthorized"));
  await assert.rejects(open(), { code: "unauthorized", status: 401 });
  await assert.rejects(open({ token: async () => "" }), { code: "unauthorized" });
});

test("a vault that could not be opened listens to nothing any more", async (t) => {
  const listening = new Set();
  const { addEventListener, removeEventListener } = globalThis;
  t.after(() => Object.assign(globalThis, { addEventListener, removeEventListener }));
  globalThis.addEventListener = (_type, listener) => listening.add(listener);
  globalThis.removeEventListener = (_type, listener) => listening.delete(listener);
  const vault = await open();
  assert.equal(listening.size, 1, "the control: an open one does");
  vault.close();
  companion.instead.set("GET /api/v1/api-keys", () => problem(403, "forbidden"));
  await assert.rejects(open(), { code: "forbidden" });
  assert.equal(listening.size, 0);
});

test("fetch goes to the companion's /forward and /v1, and nowhere else", async () => {
  const vault = await open();
  const asked = companion.asked.length;
  for (const url of [
    "https://api.openai.com/v1/chat/completions",
    `${URL_OF_COMPANION}/api/v1/me`,
    `${URL_OF_COMPANION}/forward/../api/v1/me`,
    `${URL_OF_COMPANION}.evil.example/forward/openai/v1/x`,
    "http://keys.example.com/forward/openai/v1/x",
  ]) {
    await assert.rejects(vault.fetch(url), { code: "url_not_companion" }, url);
  }
  assert.equal(companion.asked.length, asked);
  await vault.fetch(`${URL_OF_COMPANION}/v1/chat/completions`, { method: "POST", body: "{}" });
  await vault.fetch(new Request(`${vault.baseURL("openai")}/models`));
});

test("the first active entry in order is used; refused keys only if there is no other", async () => {
  const vault = await open();
  const [first, second] = [await vault.add(KEY, { storage: "browser" }), await vault.add(KEY)];
  const enveloped = async () => {
    await vault.fetch(`${vault.baseURL("openai")}/models`);
    return companion.asked.at(-1).headers.has("keyseal-key");
  };
  assert.equal(await enveloped(), true);
  await vault.reorder("openai", [second.id, first.id]);
  assert.equal(await enveloped(), false);
  await vault.update(second.id, { isActive: false });
  assert.equal(await enveloped(), true);
  await vault.update(second.id, { isActive: true, expiresAt: new Date(0) });
  assert.equal(await enveloped(), true);
  await vault.update(second.id, { expiresAt: null, priority: 9 });
  companion.instead.set("POST /api/v1/test/openai", () =>
    json({ status: "invalid", statusDetail: "No.", testedAt: new Date().toISOString() }),
  );
  await vault.test(first.id);
  assert.equal(await enveloped(), false);
  await vault.revoke(second.id);
  assert.equal(await enveloped(), true);
});

test("an entry that is named is the only one, unless a fallback is named too", async () => {
  const vault = await open();
  const [browser, synced] = [await vault.add(KEY, { storage: "browser" }), await vault.add(KEY)];
  const sent = async (headers) => {
    await vault.fetch(`${vault.baseURL("openai")}/models`, { headers });
    const { headers: had } = companion.asked.at(-1);
    return [had.has("keyseal-key"), had.get("keyseal-entry"), had.get("keyseal-fallback")];
  };
  assert.deepEqual(await sent({ "Keyseal-Entry": browser.id }), [true, null, "none"]);
  assert.deepEqual(await sent({ "Keyseal-Entry": browser.id, "Keyseal-Fallback": "keys" }), [
    true,
    null,
    "keys",
  ]);
  assert.deepEqual(await sent({ "Keyseal-Entry": synced.id }), [false, synced.id, null]);
});

test("an abort looks to the caller as fetch makes it look", async () => {
  const vault = await open();
  const aborted = AbortSignal.abort();
  const error = await vault
    .fetch(`${vault.baseURL("openai")}/models`, { signal: aborted })
    .catch((caught) => caught);
  assert.equal(error.name, "AbortError");
  assert.deepEqual(vault.problems, []);
});

test("a key that its provider refuses in use is marked, and cleared by use", async () => {
  const vault = await open();
  const { id } = await vault.add(KEY, { storage: "browser" });
  const status = () => vault.entries.find((entry) => entry.id === id).status;
  companion.instead.set("GET /forward/openai/v1/models", () =>
    json({}, 401, { "Keyseal-Served-By": "envelope" }),
  );
  await vault.fetch(`${vault.baseURL("openai")}/models`);
  assert.equal(status(), "invalid");
  companion.instead.clear();
  await vault.fetch(`${vault.baseURL("openai")}/models`);
  assert.equal(status(), "valid");
});

test("both storages share one order", async () => {
  const vault = await open();
  const a = await vault.add(KEY);
  const b = await vault.add(KEY, { storage: "browser" });
  const c = await vault.add(KEY);
  const ids = () => vault.entries.map(({ id }) => id);
  assert.deepEqual(ids(), [a.id, b.id, c.id]);
  await vault.reorder("openai", [c.id, b.id, a.id]);
  assert.deepEqual(ids(), [c.id, b.id, a.id]);
  await vault.refresh();
  assert.deepEqual(ids(), [c.id, b.id, a.id]);
  await assert.rejects(vault.reorder("openai", [c.id, a.id]), { code: "validation" });
  await assert.rejects(vault.reorder("openai", [c.id, c.id, a.id]), { code: "validation" });
});

test("test, update, replace and revoke, for both storages", async () => {
  const vault = await open();
  for (const storage of ["synced", "browser"]) {
    const { id } = await vault.add(KEY, { storage });
    const now = () => vault.entries.find((entry) => entry.id === id);
    assert.equal((await vault.test(id)).status, "valid");
    assert.deepEqual([now().status, now().isValid], ["valid", true]);
    assert.equal((await vault.update(id, { label: "mine" })).label, "mine");
    await vault.replace(id, new TextEncoder().encode(`${KEY}new1`));
    assert.equal(now().label, "mine");
    await vault.revoke(id);
    assert.equal(now(), undefined);
    await assert.rejects(vault.test(id), { code: "entry_unknown" });
  }
});

test("an entry that was revoked elsewhere is gone here too", async () => {
  const vault = await open();
  const { id } = await vault.add(KEY);
  companion.instead.set(`DELETE /api/v1/api-keys/${id}`, () => problem(404, "not_found"));
  await vault.revoke(id);
  assert.deepEqual(vault.entries, []);
});

test("what SDKs take: each finds its paths below the base URL", async () => {
  const vault = await open();
  const base = `${URL_OF_COMPANION}/forward`;
  assert.equal(vault.options("openai").baseURL, `${base}/openai/v1`);
  assert.equal(vault.options("openai").dangerouslyAllowBrowser, true);
  assert.equal(vault.options("anthropic").baseURL, `${base}/anthropic`);
  assert.equal(vault.options("anthropic", "ai-sdk").baseURL, `${base}/anthropic/v1`);
  assert.equal("dangerouslyAllowBrowser" in vault.options("openai", "ai-sdk"), false);
  assert.equal(vault.options("openai").fetch, vault.fetch);
  assert.throws(() => vault.options("openai", "other"), { code: "validation" });
  assert.throws(() => vault.baseURL("nobody"), { code: "provider_unknown" });
});

test("headersFor: for the method and path as the companion sees them, query left out", async () => {
  const vault = await open();
  await vault.add(KEY, { storage: "browser" });
  const headers = await vault.headersFor("openai", { method: "post", path: `${CHAT}?stream=1` });
  const { m, p } = await companion.openEnvelope(new Headers(headers));
  assert.deepEqual([m, p], ["POST", CHAT]);
});

test("what the catalogue says of a provider stands; the companion adds, it does not change", async () => {
  const vault = await open();
  const openai = vault.providers.find(({ id }) => id === "openai");
  assert.equal(openai.name, "OpenAI");
  assert.equal(openai.chatPath, "/v1/chat/completions");
});

test("one entry stored while the list is not known does not stand for the list", async () => {
  companion.keys = [listed({ id: "other", provider: "anthropic" })];
  const down = () => {
    throw new TypeError("fetch failed");
  };
  companion.instead.set("GET /api/v1/api-keys", down);
  const vault = await open();
  assert.equal(vault.problems[0].code, "companion_unreachable");
  companion.instead.clear();
  await vault.add(KEY);
  assert.deepEqual(
    vault.entries.map(({ provider }) => provider),
    ["anthropic", "openai"],
  );
});

test("errors out of the wasm are KeysealErrors too", async () => {
  const vault = await open();
  const refused = (error) => error instanceof KeysealError && error.code === "validation";
  assert.throws(() => vault.detect("käse"), refused);
  await assert.rejects(vault.add("käse", { provider: "openai" }), refused);
});
