// A companion made of WebCrypto: another implementation of everything that the library seals to.

const text = new TextEncoder();

export const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const bytes = (value) =>
  Uint8Array.from(atob(value.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const digest = async (value) =>
  base64url(await crypto.subtle.digest("SHA-256", text.encode(value)));

async function rsa(name, usages) {
  const pair = await crypto.subtle.generateKey(
    { name, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    true,
    usages,
  );
  const { n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const kid = await digest(JSON.stringify({ e, kty: "RSA", n }));
  return { ...pair, jwk: { kty: "RSA", n, e, kid } };
}

export async function companion() {
  const identity = await rsa("RSA-PSS", ["sign", "verify"]);
  const key = await rsa("RSA-OAEP", ["encrypt", "decrypt"]);
  identity.jwk = { ...identity.jwk, use: "sig", alg: "PS256" };
  key.jwk = { ...key.jwk, use: "enc", alg: "RSA-OAEP-256" };
  // One time for all its key sets: under one number there is only one content.
  const since = Math.floor(Date.now() / 1000);
  return { identity, key, jwk: key.jwk, since };
}

/** What `GET /.well-known/keyseal` answers. */
export async function wellKnown(companion, issuer, seq) {
  const { since } = companion;
  const payload = { v: 1, issuer, seq, iat: since, exp: since + 3600, keys: [companion.key.jwk] };
  const header = { alg: "PS256", typ: "keyseal-keyset+jws", kid: companion.identity.jwk.kid };
  const input = [header, payload]
    .map((part) => base64url(text.encode(JSON.stringify(part))))
    .join(".");
  const signature = await crypto.subtle.sign(
    { name: "RSA-PSS", saltLength: 32 },
    companion.identity.privateKey,
    text.encode(input),
  );
  return {
    identity: companion.identity.jwk,
    keyset: `${input}.${base64url(signature)}`,
    limits: {},
    now: new Date().toISOString(),
  };
}

async function aesOpen(raw, part, iv, ciphertext, tag) {
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: bytes(iv), additionalData: text.encode(part) },
    key,
    new Uint8Array([...bytes(ciphertext), ...bytes(tag)]),
  );
  return JSON.parse(new TextDecoder().decode(plain));
}

const unwrap = (companion, encrypted) =>
  crypto.subtle.decrypt({ name: "RSA-OAEP" }, companion.key.privateKey, bytes(encrypted));

/** The claims of a sealed key. */
export async function openSealedKey(companion, sealed) {
  const raw = await unwrap(companion, sealed.recipients[0].encrypted_key);
  return aesOpen(raw, sealed.protected, sealed.iv, sealed.ciphertext, sealed.tag);
}

/** The claims of the session and of the request envelope under it. */
export async function openHeaders(companion, headers) {
  const [header, encrypted, ...rest] = headers["Keyseal-Session"].split(".");
  const session = await aesOpen(await unwrap(companion, encrypted), header, ...rest);
  const [requestHeader, none, ...requestRest] = headers["Keyseal-Key"].split(".");
  const request = await aesOpen(bytes(session.k), requestHeader, ...requestRest);
  const { kid } = JSON.parse(new TextDecoder().decode(bytes(requestHeader)));
  const bound = none === "" && kid === (await digest(headers["Keyseal-Session"]));
  return { session, request, bound };
}

/** A key that stands nowhere in the module: made here, from random numbers. */
export const canary = () => `sk-${base64url(crypto.getRandomValues(new Uint8Array(24)))}`;

/** How often `needle` stands in the module's memory. */
export function countInMemory(memory, needle) {
  const haystack = new Uint8Array(memory.buffer);
  const wanted = text.encode(needle);
  let count = 0;
  for (let at = haystack.indexOf(wanted[0]); at >= 0; at = haystack.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, offset) => haystack[at + offset] === byte)) count += 1;
  }
  return count;
}

/** Everything in localStorage, as one text. */
export const stored = () => JSON.stringify(Object.entries(localStorage));

/** Whether any device key can be read out. */
export function deviceKeys() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("keyseal", 1);
    request.onerror = reject;
    request.onsuccess = () => {
      const all = request.result.transaction("device-keys").objectStore("device-keys").getAll();
      all.onerror = reject;
      all.onsuccess = () => {
        request.result.close();
        resolve(
          all.result.map(({ extractable, algorithm }) => ({ extractable, name: algorithm.name })),
        );
      };
    };
  });
}

/** Forgets every device key, as an eviction would. */
export function evictDeviceKeys() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("keyseal");
    request.onerror = reject;
    // Blocked is not failed: it goes on as soon as the connection just closed is gone.
    request.onsuccess = resolve;
  });
}
