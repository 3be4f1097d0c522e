// What `jose` makes, the real companion opens.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import * as jose from "jose";
import { demoKey } from "../support/canary.mjs";
import { entryId, now, requestWithJose, sealWithJose, sessionWithJose } from "../support/jose.mjs";
import { chat, chatPath, companionForUsers } from "../support/users.mjs";

const sub = "user-1";
let companion;
let call;
let token;
let jwk;

before(async () => {
  const started = await companionForUsers();
  ({ companion, call } = started);
  token = await started.tokenFor(sub);
  const jwks = await (await fetch(`${companion.url}/.well-known/jwks.json`)).json();
  jwk = jwks.keys[0];
});

after(() => companion?.remove());

test("the companion's public key is named by its RFC 7638 thumbprint", async () => {
  assert.equal(jwk.kid, await jose.calculateJwkThumbprint(jwk));
  assert.equal(jwk.alg, "RSA-OAEP-256");
  assert.equal(jwk.use, "enc");
});

test("the published key set verifies with jose under the published identity", async () => {
  const known = await (await fetch(`${companion.url}/.well-known/keyseal`)).json();
  const identity = await jose.importJWK(known.identity, "PS256");
  const { payload, protectedHeader } = await jose.compactVerify(known.keyset, identity);
  assert.equal(protectedHeader.alg, "PS256");
  assert.equal(protectedHeader.typ, "keyseal-keyset+jws");
  const keyset = JSON.parse(new TextDecoder().decode(payload));
  assert.equal(keyset.issuer, companion.url);
  assert.equal(keyset.keys[0].kid, jwk.kid);
  assert.ok(keyset.exp - keyset.iat <= 90 * 86_400);
});

test("a key sealed by jose is stored, and serves a request", async () => {
  const { key } = demoKey();
  const id = entryId();
  const claims = { key, provider: "demo", sub, rid: id, iat: now() };
  const sealedKey = await sealWithJose(claims, jwk);
  const stored = await call(token, "POST", "/api/v1/api-keys", { id, provider: "demo", sealedKey });
  assert.equal(stored.status, 201, stored.text);
  assert.ok(stored.json.keyHint.endsWith(key.slice(-4)));

  const answer = await call(token, "POST", chatPath, chat);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("keyseal-served-by"), `entry ${id}`);
  assert.ok(answer.text.includes(key.slice(-4)), answer.text);
});

test("a key sealed by jose for another user, entry or provider is refused", async () => {
  const { key } = demoKey();
  for (const wrong of [{ sub: "user-2" }, { rid: entryId() }, { provider: "openai" }]) {
    const id = entryId();
    const claims = { key, provider: "demo", sub, rid: id, iat: now(), ...wrong };
    const sealedKey = await sealWithJose(claims, jwk);
    const body = { id, provider: "demo", sealedKey };
    const { status, json } = await call(token, "POST", "/api/v1/api-keys", body);
    assert.deepEqual([Math.floor(status / 100), json.code], [4, "sealed_key_mismatch"]);
  }
});

test("a session and a request envelope made by jose use a key that is stored nowhere", async () => {
  const { key } = demoKey();
  const session = await sessionWithJose({ sub, token, jwk });
  const envelope = async () =>
    requestWithJose(
      { key, provider: "demo", sub, m: "POST", p: chatPath, iat: now(), jti: randomUUID() },
      session,
    );
  const headers = { "keyseal-session": session.session, "keyseal-key": await envelope() };

  const answer = await call(token, "POST", chatPath, chat, headers);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("keyseal-served-by"), "envelope");
  assert.ok(answer.text.includes(key.slice(-4)), answer.text);

  const again = await call(token, "POST", chatPath, chat, headers);
  assert.equal(again.json.code, "replayed", "one envelope serves one request");

  const next = await call(token, "POST", chatPath, chat, {
    ...headers,
    "keyseal-key": await envelope(),
  });
  assert.equal(next.status, 200, "the session serves the next one");
});
