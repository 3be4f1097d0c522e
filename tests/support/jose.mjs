// Our formats, made with `jose`, a JOSE library of somebody else.

import { createHash, randomBytes } from "node:crypto";
import * as jose from "jose";

export const now = () => Math.floor(Date.now() / 1000);
const utf8 = new TextEncoder();
const json = (value) => utf8.encode(JSON.stringify(value));

/** A UUID of version 7, as an entry's id. */
export function entryId() {
  const time = Date.now().toString(16).padStart(12, "0");
  const random = randomBytes(10).toString("hex");
  const hex = `${time}7${random.slice(1, 4)}8${random.slice(5, 20)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** An RSA key pair with its public JWK, named by its thumbprint as the companion does. */
export async function rsaPair(use, alg) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, {
    modulusLength: 3072,
    extractable: true,
  });
  const { kty, n, e } = await jose.exportJWK(publicKey);
  const kid = await jose.calculateJwkThumbprint({ kty, n, e });
  return { privateKey, jwk: { kty, n, e, kid, use, alg } };
}

/** What `/.well-known/keyseal` answers for a companion that has these two keys. */
export async function wellKnownOf({ issuer, identity, current, seq = 1 }) {
  const payload = { v: 1, issuer, seq, iat: now(), exp: now() + 86_400, keys: [current.jwk] };
  const keyset = await new jose.CompactSign(json(payload))
    .setProtectedHeader({ alg: "PS256", typ: "keyseal-keyset+jws", kid: identity.jwk.kid })
    .sign(identity.privateKey);
  return { identity: identity.jwk, keyset, now: now(), limits: {} };
}

/** A sealed key as any JOSE library makes it. */
export async function sealWithJose(claims, jwk) {
  return new jose.GeneralEncrypt(json({ v: 1, ...claims }))
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", typ: "keyseal-key+jwe" })
    .addRecipient(await jose.importJWK(jwk, "RSA-OAEP-256"))
    .setUnprotectedHeader({ kid: jwk.kid })
    .encrypt();
}

/**
 * A session: its envelope, its key, and the hash by which requests name it. `claims` and `header`
 * take the place of what a good one has.
 */
export async function sessionWithJose({ sub, token, jwk, claims, header }) {
  const key = randomBytes(32);
  const good = {
    v: 1,
    k: key.toString("base64url"),
    sub,
    ath: sha256(token),
    iat: now(),
    exp: now() + 3600,
  };
  const session = await new jose.CompactEncrypt(json({ ...good, ...claims }))
    .setProtectedHeader({
      alg: "RSA-OAEP-256",
      enc: "A256GCM",
      typ: "keyseal-session+jwe",
      kid: jwk.kid,
      ...header,
    })
    .encrypt(await jose.importJWK(jwk, "RSA-OAEP-256"));
  return { session, key, kid: sha256(session) };
}

/** A request envelope under a session; `header` takes the place of what a good one has. */
export function requestWithJose(claims, { key, kid }, header = {}) {
  return new jose.CompactEncrypt(json({ v: 1, ...claims }))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", typ: "keyseal-request+jwe", kid, ...header })
    .encrypt(key);
}

export const sha256 = (text) => createHash("sha256").update(text).digest("base64url");
