// What our wasm makes, `jose` opens; and what `jose` signs, our wasm verifies.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as jose from "jose";
import { demoKey } from "../support/canary.mjs";
import { entryId, now, rsaPair, sha256, wellKnownOf } from "../support/jose.mjs";
import { loadWasm } from "../support/wasm.mjs";

const issuer = "https://keys.example.com";
const sub = "user-1";
const text = new TextDecoder();
let wasm;
let current;
let identity;

before(async () => {
  wasm = await loadWasm();
  current = await rsaPair("enc", "RSA-OAEP-256");
  identity = await rsaPair("sig", "PS256");
});

const open = async (sealedKey) => {
  const opened = await jose.generalDecrypt(sealedKey, current.privateKey);
  return { ...opened, claims: JSON.parse(text.decode(opened.plaintext)) };
};

/** `/.well-known/keyseal` of a companion whose keys are ours. */
const wellKnown = () => wellKnownOf({ issuer, identity, current });

test("jose opens what sealKey seals, and finds the claims", async () => {
  const { key } = demoKey();
  const rid = wasm.newEntryId();
  const iat = now();
  const sealed = wasm.sealKey(key, { jwk: current.jwk, provider: "demo", sub, rid, now: iat });
  const { claims, protectedHeader, unprotectedHeader } = await open(sealed);
  assert.deepEqual(claims, { v: 1, key, provider: "demo", sub, rid, iat });
  assert.deepEqual(protectedHeader, {
    alg: "RSA-OAEP-256",
    enc: "A256GCM",
    typ: "keyseal-key+jwe",
  });
  assert.deepEqual(unprotectedHeader ?? sealed.recipients[0].header, { kid: current.jwk.kid });
  assert.deepEqual(Object.keys(sealed).sort(), [
    "ciphertext",
    "iv",
    "protected",
    "recipients",
    "tag",
  ]);
});

test("jose opens a key sealed for a host of the user's own", async () => {
  const { key } = demoKey();
  const host = "mine.openai.azure.com";
  const sealed = wasm.sealKey(key, {
    jwk: current.jwk,
    provider: "azure_openai",
    sub,
    rid: entryId(),
    host,
    now: now(),
  });
  assert.deepEqual((await open(sealed)).claims.hosts, [host]);
});

test("bytes are sealed as text is, and wiped", async () => {
  const { key } = demoKey();
  const bytes = new TextEncoder().encode(key);
  const sealed = wasm.sealKey(bytes, {
    jwk: current.jwk,
    provider: "demo",
    sub,
    rid: entryId(),
    now: now(),
  });
  assert.equal((await open(sealed)).claims.key, key);
  assert.ok(
    bytes.every((byte) => byte === 0),
    "the caller's bytes are zero",
  );
});

test("every seal has a content key and an IV of its own", async () => {
  const { key } = demoKey();
  const options = { jwk: current.jwk, provider: "demo", sub, rid: entryId(), now: now() };
  const [one, other] = [wasm.sealKey(key, options), wasm.sealKey(key, options)];
  assert.notEqual(one.iv, other.iv);
  assert.notEqual(one.ciphertext, other.ciphertext);
  assert.notEqual(one.recipients[0].encrypted_key, other.recipients[0].encrypted_key);
});

test("a key set signed by jose is accepted, and keys are sealed to its first key", async () => {
  const vault = await wasm.VaultCore.open({ issuer, sub, memory: true });
  const accepted = vault.acceptKeyset(await wellKnown(), { now: now() });
  assert.equal(accepted.identity, identity.jwk.kid);
  assert.equal(accepted.kid, current.jwk.kid);
  const { key } = demoKey();
  const sealed = vault.seal(key, { provider: "demo", rid: entryId(), now: now() });
  assert.equal((await open(sealed)).claims.key, key);
});

test("jose opens the session and the request envelope of a browser-only key", async () => {
  const vault = await wasm.VaultCore.open({ issuer, sub, memory: true });
  vault.acceptKeyset(await wellKnown(), { now: now() });
  const { key } = demoKey();
  const rid = entryId();
  const token = "the.callers.token";
  await vault.addBrowser(key, { rid, provider: "demo", now: now() });
  const path = "/forward/demo/v1/chat/completions";
  const headers = await vault.requestHeaders(rid, { method: "POST", path, token, now: now() });

  const session = await jose.compactDecrypt(headers["Keyseal-Session"], current.privateKey);
  assert.deepEqual(session.protectedHeader, {
    alg: "RSA-OAEP-256",
    enc: "A256GCM",
    typ: "keyseal-session+jwe",
    kid: current.jwk.kid,
  });
  const { k, ...about } = JSON.parse(text.decode(session.plaintext));
  assert.equal(about.sub, sub);
  assert.equal(about.ath, sha256(token));
  assert.ok(about.exp - about.iat > 0 && about.exp - about.iat <= 3600);

  const request = await jose.compactDecrypt(headers["Keyseal-Key"], Buffer.from(k, "base64url"));
  assert.deepEqual(request.protectedHeader, {
    alg: "dir",
    enc: "A256GCM",
    typ: "keyseal-request+jwe",
    kid: sha256(headers["Keyseal-Session"]),
  });
  const { iat, jti, ...claims } = JSON.parse(text.decode(request.plaintext));
  assert.deepEqual(claims, { v: 1, key, provider: "demo", sub, m: "POST", p: path });
  assert.ok(Math.abs(iat - now()) <= 2);
  assert.ok(jti.length > 0 && jti.length <= 64);
});

/** Random visible ASCII, which is what a key may be; no quotes at its ends, which are cleaned away. */
function keyOf(length) {
  const letters = Array.from({ length }, () => 33 + Math.floor(Math.random() * 94));
  const key = String.fromCharCode(...letters).replaceAll(/["'`=:…*,;<>()[\]{}]/g, "x");
  return `k${key.slice(1)}`;
}

test("jose opens messages of every size, with users of every script", async () => {
  const users = ["u", "käse|42", "用户@例え.jp", "👩‍💻".repeat(10), "a".repeat(255)];
  for (const [at, length] of [1, 2, 15, 16, 17, 31, 32, 33, 1000, 4095, 4096].entries()) {
    const [key, user, rid] = [keyOf(length), users[at % users.length], entryId()];
    const sealed = wasm.sealKey(key, { jwk: current.jwk, provider: "demo", sub: user, rid });
    const { claims } = await open(sealed);
    assert.deepEqual([claims.key, claims.sub, claims.rid], [key, user, rid], `${length}`);

    const vault = await wasm.VaultCore.open({ issuer, sub: user, memory: true });
    vault.acceptKeyset(await wellKnown(), undefined);
    await vault.addBrowser(key, { rid, provider: "demo" });
    const path = `/forward/demo/${"p".repeat(length % 1900)}`;
    const headers = await vault.requestHeaders(rid, { method: "PUT", path, token: user + length });
    const session = await jose.compactDecrypt(headers["Keyseal-Session"], current.privateKey);
    const { k, sub: whose, ath } = JSON.parse(text.decode(session.plaintext));
    assert.deepEqual([whose, ath], [user, sha256(user + length)]);
    const request = await jose.compactDecrypt(headers["Keyseal-Key"], Buffer.from(k, "base64url"));
    const sent = JSON.parse(text.decode(request.plaintext));
    assert.deepEqual([sent.key, sent.sub, sent.p, sent.m], [key, user, path, "PUT"], `${length}`);
    vault.free();
  }
});
