// `keyseal/oauth` against a mock of OpenRouter, which checks what RFC 7636 asks for.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, test } from "node:test";
import { Vault } from "../dist/index.js";
import {
  finishOAuth,
  isOAuthReturn,
  oauthProviders,
  startOAuth,
  withoutOAuth,
} from "../dist/oauth/index.js";
import { FakeCompanion, tokenFor, URL_OF_COMPANION } from "./companion.mjs";

const KEY = "sk-or-v1-0123456789abcdef0123456789abcdef";
const CALLBACK = "https://app.example.com/keys?tab=1#top";

/** A tab's storage. */
function storage() {
  const items = new Map();
  return {
    items,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
}

/** OpenRouter: codes by challenge, each good once. */
class OpenRouter {
  codes = new Map();
  requests = [];
  status = 200;
  answer = JSON.stringify({ key: KEY, user_id: "user_1" });

  /** The person agrees; gives the address they come back to. */
  agree(to) {
    const url = new URL(to);
    assert.equal(`${url.origin}${url.pathname}`, "https://openrouter.ai/auth");
    assert.equal(url.searchParams.get("code_challenge_method"), "S256");
    const code = `code-${this.codes.size}`;
    this.codes.set(code, url.searchParams.get("code_challenge"));
    const back = new URL(url.searchParams.get("callback_url"));
    back.searchParams.set("code", code);
    return back.href;
  }

  fetch = async (url, init) => {
    this.requests.push({ url: String(url), init });
    assert.equal(String(url), "https://openrouter.ai/api/v1/auth/keys");
    const asked = JSON.parse(init.body);
    const challenge = createHash("sha256").update(asked.code_verifier).digest("base64url");
    const known = this.codes.get(asked.code) === challenge;
    this.codes.delete(asked.code);
    return known
      ? new Response(this.answer, { status: this.status })
      : new Response('{"error":"Invalid code"}', { status: 403 });
  };
}

/** Takes keys as the vault does: reads the bytes, then wipes them. */
class VaultOfOne {
  added = [];
  async add(bytes, options) {
    this.added.push({ key: new TextDecoder().decode(bytes), options });
    bytes.fill(0);
    return { id: "e1", provider: options.provider };
  }
}

let openrouter;
let vault;
beforeEach(() => {
  openrouter = new OpenRouter();
  vault = new VaultOfOne();
  globalThis.sessionStorage = storage();
  globalThis.fetch = openrouter.fetch;
});

const begin = () => startOAuth("openrouter", { callback: CALLBACK });
const fails = (code) => (error) => error.name === "KeysealError" && error.code === code;

test("a key comes by sign-in and goes into the vault at once", async () => {
  assert.deepEqual(oauthProviders, ["openrouter"]);
  const back = openrouter.agree(await begin());
  assert.ok(isOAuthReturn(back) && !isOAuthReturn(CALLBACK));
  const entry = await finishOAuth(vault, back, { label: "mine", storage: "browser" });
  assert.equal(entry.provider, "openrouter");
  const options = { label: "mine", storage: "browser", provider: "openrouter" };
  assert.deepEqual(vault.added, [{ key: KEY, options }]);
  assert.equal(withoutOAuth(back), "https://app.example.com/keys?tab=1");

  const [{ init }] = openrouter.requests;
  assert.equal(init.credentials, "omit");
  assert.equal(init.redirect, "error");
  assert.equal(sessionStorage.items.size, 0, "nothing of it stays");
});

test("the companion gets it sealed, and nothing else of the sign-in", async (t) => {
  const companion = await FakeCompanion.make();
  companion.serve(t);
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) =>
    String(url).startsWith("https://openrouter.ai/")
      ? openrouter.fetch(url, init)
      : fetch(url, init);
  const real = await Vault.open({
    companion: URL_OF_COMPANION,
    token: () => tokenFor("user-1"),
    memory: true,
  });
  const back = openrouter.agree(await begin());
  const entry = await finishOAuth(real, back);
  assert.equal(entry.provider, "openrouter");
  const [{ body }] = companion.askedFor("POST", "/api/v1/api-keys");
  const claims = await companion.open(body.sealedKey);
  assert.deepEqual([claims.key, claims.provider], [KEY, "openrouter"]);
  const seen = JSON.stringify(companion.asked);
  assert.ok(seen.includes(entry.id), "the search looks where something is");
  const code = new URL(back).searchParams.get("code");
  for (const secret of [KEY, `"${code}"`]) assert.ok(!seen.includes(secret));
});

test("only the provider is asked, and never the companion", async () => {
  const back = openrouter.agree(await begin());
  await finishOAuth(vault, back);
  assert.deepEqual(
    openrouter.requests.map(({ url }) => new URL(url).origin),
    ["https://openrouter.ai"],
  );
});

test("neither verifier nor state is in the address that the provider sees, and each is new", async () => {
  const seen = new Set();
  for (let turn = 0; turn < 20; turn++) {
    const to = await begin();
    const { verifier, state } = JSON.parse(sessionStorage.getItem("keyseal.oauth"));
    assert.ok(!to.includes(verifier));
    assert.match(verifier, /^[\w-]{43}$/);
    seen.add(verifier).add(state);
  }
  assert.equal(seen.size, 40);
});

test("a return that was not begun here, comes twice or too late is refused before any request", async (t) => {
  const back = openrouter.agree(await begin());
  const foreign = new URL(back);
  foreign.searchParams.set("keyseal_oauth", "x".repeat(43));
  await assert.rejects(finishOAuth(vault, foreign), fails("oauth_not_begun"));
  // The first try used it up, as a second one does.
  await assert.rejects(finishOAuth(vault, back), fails("oauth_not_begun"));

  const late = openrouter.agree(await begin());
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 16 * 60_000 });
  await assert.rejects(finishOAuth(vault, late), fails("oauth_not_begun"));
  t.mock.timers.reset();

  globalThis.sessionStorage.setItem("keyseal.oauth", "{");
  await assert.rejects(finishOAuth(vault, back), fails("oauth_not_begun"));
  assert.equal(openrouter.requests.length, 0);
  assert.equal(vault.added.length, 0);
});

test("a code of another sign-in gives no key", async () => {
  const first = new URL(openrouter.agree(await begin()));
  const second = new URL(openrouter.agree(await begin()));
  second.searchParams.set("code", first.searchParams.get("code"));
  await assert.rejects(finishOAuth(vault, second), fails("oauth_failed"));
  assert.equal(vault.added.length, 0);
});

test("a person who does not agree, and a provider that fails, are said plainly and without the key", async () => {
  const refused = new URL(openrouter.agree(await begin()));
  refused.searchParams.delete("code");
  await assert.rejects(finishOAuth(vault, refused), fails("oauth_refused"));

  for (const [status, answer] of [
    [500, KEY],
    [200, `{"key":7,"k":"${KEY}"}`],
    [200, KEY],
    [200, '{"key":""}'],
  ]) {
    Object.assign(openrouter, { status, answer });
    const back = openrouter.agree(await begin());
    await assert.rejects(finishOAuth(vault, back), (error) => {
      assert.ok(!`${error.stack} ${error.cause} ${error.next}`.includes(KEY));
      return fails("oauth_failed")(error);
    });
  }
  globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  const back = openrouter.agree(await begin());
  await assert.rejects(finishOAuth(vault, back), fails("oauth_failed"));
  assert.equal(vault.added.length, 0);
});

test("providers without such a flow say so", async () => {
  for (const provider of ["openai", "nobody", "toString", "__proto__"]) {
    const options = { callback: CALLBACK };
    await assert.rejects(startOAuth(provider, options), fails("oauth_not_available"), provider);
  }
});
