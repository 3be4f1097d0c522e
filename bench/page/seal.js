// Runs in the page. Every contestant makes what it would send: the same claims, ready as text.

import * as jose from "jose";
import sodium from "libsodium-wrappers";
import init, { newEntryId, sealKey, VaultCore } from "/keyseal/keyseal.js";

const key = "demo-0123456789abcdefghijABCDEFGHIJ0123456789";
const sub = "user-1";
const issuer = "https://keys.example.com";
const path = "/forward/demo/v1/chat/completions";
/** The glue does not know where its module lies. */
const wasm = { module_or_path: "/keyseal/keyseal_bg.wasm" };
const utf8 = new TextEncoder();
const json = (value) => utf8.encode(JSON.stringify(value));
const now = () => Math.floor(Date.now() / 1000);

globalThis.bench = async (rounds) => {
  await sodium.ready;
  await init(wasm);
  const contestants = await prepare();
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  times.init = await initTimes(rounds);
  // Round by round, so that a slow moment of the machine meets all of them.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, { times: count, once }] of Object.entries(contestants)) {
      const start = performance.now();
      for (let i = 0; i < count; i += 1) {
        const result = once();
        if (result instanceof Promise) await result;
      }
      const each = ((performance.now() - start) * 1000) / count;
      if (round > 0) times[name].push(each); // the first round warms up
    }
  }
  return times;
};

/** Loading the wasm anew, once the browser has seen it: fetch, compile, instantiate. */
async function initTimes(rounds) {
  const times = [];
  for (let at = 0; at < 3 * rounds; at += 1) {
    const again = await import(`/keyseal/keyseal.js?${at}`);
    const start = performance.now();
    await again.default(wasm);
    times.push((performance.now() - start) * 1000);
  }
  return times;
}

async function prepare() {
  const current = await rsaPair("enc", "RSA-OAEP-256");
  const identity = await rsaPair("sig", "PS256");
  const joseKey = await jose.importJWK(current.jwk, "RSA-OAEP-256");
  const vault = await vaultWithKey(current, identity);
  const rid = vault.rid;

  const request = () => ({
    v: 1,
    key,
    provider: "demo",
    sub,
    m: "POST",
    p: path,
    iat: now(),
    jti: crypto.randomUUID(),
  });
  const sealed = () => ({ v: 1, key, provider: "demo", sub, rid, iat: now() });
  const compact = { enc: "A256GCM", typ: "keyseal-request+jwe", kid: current.jwk.kid };
  const general = { alg: "RSA-OAEP-256", enc: "A256GCM", typ: "keyseal-key+jwe" };
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const box = sodium.crypto_box_keypair();
  const forgeKey = globalThis.forge.pki.publicKeyFromPem(await jose.exportSPKI(current.publicKey));

  return {
    request: {
      times: 2000,
      once: () => vault.core.requestHeaders(rid, { method: "POST", path, token, now: now() }),
    },
    joseRsaCompact: {
      times: 500,
      once: () =>
        new jose.CompactEncrypt(json(request()))
          .setProtectedHeader({ alg: "RSA-OAEP-256", ...compact })
          .encrypt(joseKey),
    },
    joseDir: {
      times: 1000,
      once: () =>
        new jose.CompactEncrypt(json(request()))
          .setProtectedHeader({ alg: "dir", ...compact })
          .encrypt(secret),
    },
    sodium: {
      times: 500,
      once: () =>
        sodium.to_base64(
          sodium.crypto_box_seal(json(request()), box.publicKey),
          sodium.base64_variants.URLSAFE_NO_PADDING,
        ),
    },
    key: {
      times: 200,
      once: () =>
        JSON.stringify(sealKey(key, { jwk: current.jwk, provider: "demo", sub, rid, now: now() })),
    },
    joseRsa: {
      times: 200,
      once: async () =>
        JSON.stringify(
          await new jose.GeneralEncrypt(json(sealed()))
            .setProtectedHeader(general)
            .addRecipient(joseKey)
            .setUnprotectedHeader({ kid: current.jwk.kid })
            .encrypt(),
        ),
    },
    forge: { times: 100, once: () => sealWithForge(sealed(), general, forgeKey, current.jwk.kid) },
  };
}

const token =
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.0123456789012345678901234567890123456789012";

async function vaultWithKey(current, identity) {
  const keyset = await new jose.CompactSign(
    json({ v: 1, issuer, seq: 1, iat: now(), exp: now() + 86_400, keys: [current.jwk] }),
  )
    .setProtectedHeader({ alg: "PS256", typ: "keyseal-keyset+jws", kid: identity.jwk.kid })
    .sign(identity.privateKey);
  const core = await VaultCore.open({ issuer, sub });
  core.acceptKeyset({ identity: identity.jwk, keyset, limits: {}, now: now() }, { now: now() });
  const rid = newEntryId();
  await core.addBrowser(key, { rid, provider: "demo", now: now() });
  return { core, rid };
}

async function rsaPair(use, alg) {
  const pair = await jose.generateKeyPair(alg, { modulusLength: 3072, extractable: true });
  const { kty, n, e } = await jose.exportJWK(pair.publicKey);
  const kid = await jose.calculateJwkThumbprint({ kty, n, e });
  return { ...pair, jwk: { kty, n, e, kid, use, alg } };
}

/** The same JWE by hand: node-forge knows RSA-OAEP and AES-GCM, but not JOSE. */
function sealWithForge(claims, header, publicKey, kid) {
  const { forge } = globalThis;
  const base64url = (bytes) =>
    forge.util.encode64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const contentKey = forge.random.getBytesSync(32);
  const iv = forge.random.getBytesSync(12);
  const protectedHeader = base64url(JSON.stringify(header));
  const cipher = forge.cipher.createCipher("AES-GCM", contentKey);
  cipher.start({ iv, additionalData: protectedHeader, tagLength: 128 });
  cipher.update(forge.util.createBuffer(JSON.stringify(claims), "utf8"));
  cipher.finish();
  const encryptedKey = publicKey.encrypt(contentKey, "RSA-OAEP", {
    md: forge.md.sha256.create(),
    mgf1: { md: forge.md.sha256.create() },
  });
  return JSON.stringify({
    protected: protectedHeader,
    recipients: [{ encrypted_key: base64url(encryptedKey), header: { kid } }],
    iv: base64url(iv),
    ciphertext: base64url(cipher.output.getBytes()),
    tag: base64url(cipher.mode.tag.getBytes()),
  });
}
