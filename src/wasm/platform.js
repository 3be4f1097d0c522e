// What the browser does in its own time: the device's key, passkeys, WebCrypto. The vault waits for it with
// `drive`, so that there is no second machinery of promises in the wasm.
//
// Secrets go from here to the wasm as bytes, which it wipes where they came from. Nothing here is exported by the
// package, and nothing here asks the wasm for a secret.

const DATABASE = "keyseal";
const KEYS = "device-keys";
const AES = { name: "AES-GCM", length: 256 };

/**
 * Calls `step` until it gives something else than a promise. What a promise gave is told to the next call, or why it
 * gave nothing.
 */
export async function drive(step) {
  let answer;
  for (;;) {
    const next = step(answer);
    if (!(next instanceof Promise)) return next;
    answer = await next.catch((error) => String(error?.message ?? error));
  }
}

/**
 * Makes a device key for a vault, a secret, and the secret under that key: initialisation vector, ciphertext, secret.
 * The key is a non-extractable `CryptoKey` (Web Cryptography API section 27) in IndexedDB, one a vault.
 */
export async function makeDevice(vault) {
  const made = await oneTimeKey();
  await withKeys("readwrite", (keys) => keys.put(made, vault));
  // Some browsers lose what they said they stored.
  const key = await deviceKey(vault);
  const [iv, secret] = [random(12), random(32)];
  const sealed = new Uint8Array(await crypto.subtle.encrypt(bound(vault, iv), key, secret));
  const back = new Uint8Array(await crypto.subtle.decrypt(bound(vault, iv), key, sealed));
  const same = back.every((byte, at) => byte === secret[at]);
  back.fill(0);
  if (!same) throw new Error("the key encrypts one thing and decrypts another");
  return [iv, sealed, secret];
}

/** The secret that the device's key of a vault opens. */
export async function openDevice(vault, iv, sealed) {
  // Both lie in the wasm's memory, which moves on.
  const [parameters, ciphertext] = [bound(vault, iv.slice()), sealed.slice()];
  const key = await deviceKey(vault);
  return [new Uint8Array(await crypto.subtle.decrypt(parameters, key, ciphertext))];
}

/** Forgets the device's key of a vault; where the device keeps no keys there is none to forget. */
export async function forgetDevice(vault) {
  await withKeys("readwrite", (keys) => keys.delete(vault)).catch(() => undefined);
}

/** An AES key that nobody can read. */
export async function oneTimeKey() {
  return await crypto.subtle.generateKey(AES, false, ["encrypt", "decrypt"]);
}

/** `secret`, straight out of the wasm's memory, under a key that was made for this once. */
export async function encryptOnce(key, purpose, iv, secret) {
  return new Uint8Array(await crypto.subtle.encrypt(bound(purpose, iv), key, secret));
}

/**
 * Makes a passkey (Web Authentication Level 3) and evaluates its PRF (section 10.1.4): its id, the PRF's salt, the
 * secret. One that cannot unlock a vault is not kept.
 */
export async function makePasskey(name) {
  const salt = random(32);
  const made = await asked("create", salt, {
    rp: { name: "keyseal" },
    user: { id: random(16), name, displayName: name },
    // ES256 and RS256, which every authenticator has one of.
    pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
  });
  const id = new Uint8Array(made.rawId);
  try {
    // Some authenticators evaluate only when they are asked again.
    return [id, salt, output(made) ?? (await evaluated(id, salt))];
  } catch (error) {
    forgetPasskey(made.id);
    throw error;
  }
}

/** The PRF output of a passkey. */
export async function usePasskey(id, salt) {
  return [await evaluated(id.slice(), salt.slice())];
}

/**
 * Tells the authenticator, where the browser can, that nothing uses this passkey any more, so that it does not stay
 * in the person's list (Web Authentication Level 3 section 5.1.10). Only a courtesy.
 */
export function forgetPasskey(credentialId) {
  const unknown = { rpId: globalThis.location?.hostname, credentialId };
  const told = globalThis.PublicKeyCredential?.signalUnknownCredential?.(unknown);
  told?.catch(() => undefined);
}

async function evaluated(id, salt) {
  const used = await asked("get", salt, {
    userVerification: "required",
    allowCredentials: [{ type: "public-key", id }],
  });
  const secret = output(used);
  if (secret) return secret;
  throw new Error("passkey_without_prf");
}

/** `navigator.credentials.create` or `.get`, with a fresh challenge; a person who cancels is no error of ours. */
async function asked(method, salt, options) {
  const { credentials } = navigator;
  if (!credentials) throw new Error("passkey_unavailable");
  const extensions = { prf: { eval: { first: salt } } };
  const publicKey = { ...options, challenge: random(32), extensions };
  try {
    return await credentials[method]({ publicKey });
  } catch (cause) {
    throw new Error("passkey_refused", { cause });
  }
}

/** The PRF output of a credential, or nothing where it may come when it is asked again. */
function output(credential) {
  const { prf } = credential.getClientExtensionResults();
  const first = prf?.results?.first;
  const secret = first && new Uint8Array(first);
  if (secret?.length === 32) return secret;
  secret?.fill(0);
  if (secret || prf?.enabled === false) throw new Error("passkey_without_prf");
  return undefined;
}

async function deviceKey(vault) {
  const key = await withKeys("readonly", (keys) => keys.get(vault));
  if (key instanceof CryptoKey) return key;
  throw new Error("this browser has no such key");
}

async function withKeys(mode, use) {
  // Of a page: in a worker the vault lives in memory alone.
  const opening = window.indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(KEYS);
  const database = await settled(opening);
  try {
    return await settled(use(database.transaction(KEYS, mode).objectStore(KEYS)));
  } finally {
    database.close();
  }
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** AES-GCM parameters; what it is for is associated, so that a secret fits that alone. */
function bound(purpose, iv) {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(purpose) };
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length));
