// Whatever the functions are given: an answer, or an error with a code. Never a crash of the wasm,
// which would take every other vault of the page with it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import fc from "fast-check";
import { demoKey } from "../../tests/support/canary.mjs";
import { entryId, rsaPair, wellKnownOf } from "../../tests/support/jose.mjs";
import * as keyseal from "../dist/index.js";
import { core as loadCore } from "../dist/loader/init.js";
import { relay } from "../dist/relay/index.js";
import { companionOptions } from "../dist/server/index.js";

const { KeysealError } = keyseal;
const issuer = "https://keys.example.com";
const RUNS = 200;
let wasm;
let wellKnown;
let jwk;

before(async () => {
  await keyseal.init(await readFile(new URL("../dist/wasm/keyseal_bg.wasm", import.meta.url)));
  wasm = await loadCore();
  const identity = await rsaPair("sig", "PS256");
  const current = await rsaPair("enc", "RSA-OAEP-256");
  jwk = current.jwk;
  wellKnown = await wellKnownOf({ issuer, identity, current });
});

/** A vault in memory that is ready for use, with one key. */
async function ready() {
  const vault = await wasm.VaultCore.open({ issuer, sub: "user-1", memory: true });
  vault.acceptKeyset(wellKnown, undefined);
  const rid = entryId();
  await vault.addBrowser(demoKey().key, { rid, provider: "demo" });
  return { vault, rid };
}

async function works({ vault, rid }) {
  const request = { method: "POST", path: "/forward/demo/v1/chat/completions", token: "t" };
  if (!vault.unlocked) return false;
  return "Keyseal-Key" in (await vault.requestHeaders(rid, request));
}

/** Anything a page could pass: values of all kinds, objects that have our members with them. */
const MEMBERS = [
  "provider rid host label priority expiresAt issuer sub memory method path token passphrase",
  "recoveryCode passkey slot newPassphrase isActive status statusDetail lastTestedAt lastUsedAt",
  "identity keyset identityChange now trustedIdentity jwk kty n e kid use alg id",
]
  .join(" ")
  .split(" ");
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "",
    "demo",
    "user-1",
    issuer,
    "\u0000",
    "\ud800",
    "__proto__",
    "sk-".repeat(2000),
  ),
);
const leaf = fc.oneof(
  text,
  fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withSparseArray: true }),
  fc.constantFrom(undefined, null, NaN, Infinity, -0, 2 ** 53, Symbol("s"), () => "f"),
  fc.uint8Array({ maxLength: 60 }),
);
const options = fc.dictionary(fc.constantFrom(...MEMBERS), leaf, { maxKeys: 8 });
const anything = fc.oneof(leaf, options, fc.array(options, { maxLength: 3 }));

/** An error of ours, as the package makes it of whatever is thrown beneath. */
function isOurs(thrown) {
  assert.ok(thrown instanceof Error, `no Error: ${String(thrown)}`);
  assert.ok(!(thrown instanceof WebAssembly.RuntimeError), `the wasm crashed: ${thrown.stack}`);
  const error = KeysealError.from(thrown);
  assert.match(error.code, /^[a-z_]+$/);
  assert.ok(error.message.length > 0);
}

async function answers(call) {
  try {
    return await call();
  } catch (thrown) {
    isOurs(thrown);
    return undefined;
  }
}

test("detect takes anything, and names only providers that there are", async () => {
  const ids = new Set(keyseal.providers().map(({ id }) => id));
  await fc.assert(
    fc.asyncProperty(anything, async (pasted) => {
      const found = await answers(() => keyseal.detect(pasted));
      if (found === undefined) return;
      assert.ok(found.provider === null || ids.has(found.provider));
      assert.ok(["certain", "likely", "none"].includes(found.confidence));
      for (const id of found.alternatives) assert.ok(ids.has(id));
      // The mask shows a third at most.
      const shown = [...found.hint].filter((letter) => letter !== "…").length;
      assert.ok(shown <= 12);
    }),
    { numRuns: RUNS * 2 },
  );
  assert.equal(keyseal.detect(`sk-ant-api03-${"a".repeat(93)}AA`).provider, "anthropic");
});

test("sealKey takes anything, and wipes the bytes that it was given whatever becomes of them", async () => {
  const good = () => ({ jwk, provider: "demo", sub: "user-1", rid: entryId() });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(leaf, fc.uint8Array({ maxLength: 80 })),
      fc.oneof(
        anything,
        options.map((some) => ({ ...good(), ...some })),
      ),
      async (pasted, given) => {
        await answers(() => keyseal.sealKey(pasted, given));
        if (pasted instanceof Uint8Array) assert.ok(pasted.every((byte) => byte === 0));
      },
    ),
    { numRuns: RUNS },
  );
  assert.ok(keyseal.sealKey(demoKey().key, good()).ciphertext);
});

test("relay takes anything", async () => {
  await fc.assert(
    fc.asyncProperty(anything, async (given) => {
      await answers(() => relay(given));
      await answers(() => relay({ roots: given, worker: given }));
    }),
    { numRuns: RUNS },
  );
  assert.equal(typeof relay(), "object");
});

test("fingerprint and companionOptions take anything", async () => {
  await fc.assert(
    fc.asyncProperty(anything, async (given) => {
      await answers(() => keyseal.fingerprint(given));
      await answers(() =>
        companionOptions({ companion: issuer, token: "t", provider: "demo", ...Object(given) }),
      );
    }),
    { numRuns: RUNS },
  );
  assert.equal(keyseal.fingerprint("AAEC_w"), "0001 02ff");
});

/** Every function of a vault, with what it may be given; those that stretch a passphrase aside. */
const CALLS = {
  acceptKeyset: 2,
  addBrowser: 2,
  addDevice: 1,
  addPasskey: 2,
  appNote: 3,
  entries: 0,
  importEntries: 2,
  keepRecoveryCode: 0,
  keepSlots: 2,
  lock: 0,
  makeRecoveryCode: 1,
  note: 1,
  notes: 0,
  putSynced: 1,
  rawRecords: 0,
  relayGrant: 1,
  reload: 0,
  remove: 1,
  replaceBrowser: 2,
  requestHeaders: 2,
  seal: 2,
  setNote: 2,
  slots: 0,
  startOver: 0,
  update: 2,
};
/** Half a second each, for a passphrase; or what ends the vault. */
const APART = ["addPassphrase", "exportEntries", "unlock", "destroy", "free", "constructor"];

test("every function of the vault is asked here", () => {
  const all = Object.getOwnPropertyNames(wasm.VaultCore.prototype).filter(
    (name) =>
      typeof Object.getOwnPropertyDescriptor(wasm.VaultCore.prototype, name).value === "function",
  );
  const known = [...Object.keys(CALLS), ...APART].sort();
  assert.deepEqual(all.filter((name) => !name.startsWith("__")).sort(), known);
});

test("a vault takes anything, one call after another, and works as before", async () => {
  const call = fc.tuple(
    fc.constantFrom(...Object.keys(CALLS)),
    fc.array(anything, { maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 6 }), async (calls) => {
      const bystander = await ready();
      const one = await ready();
      for (const [name, given] of calls) await answers(() => one.vault[name](...given));
      // Several at once, none waiting for another.
      await Promise.all(calls.map(([name, given]) => answers(() => one.vault[name](...given))));
      assert.ok(await works(bystander), "another vault of the page");
      assert.ok(Array.isArray(one.vault.entries()));
      const fresh = await ready();
      assert.ok(await works(fresh), "a vault that is opened now");
      for (const { vault } of [bystander, one, fresh]) vault.free();
    }),
    { numRuns: RUNS },
  );
});

test("VaultCore.open takes anything", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        anything,
        options.map((some) => ({ issuer, sub: "u", ...some })),
      ),
      async (given) => {
        const vault = await answers(() => wasm.VaultCore.open(given));
        vault?.free();
      },
    ),
    { numRuns: RUNS },
  );
  assert.ok(await works(await ready()));
});

test("secrets of any kind unlock nothing, and are no passphrase by accident", async () => {
  const one = await ready();
  one.vault.lock();
  const records = JSON.stringify(one.vault.rawRecords());
  const noPassphrase = fc.dictionary(
    fc.constantFrom("recoveryCode", "passkey", "slot", "__proto__"),
    leaf,
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(leaf, noPassphrase), async (given) => {
      if (given === undefined) return;
      await answers(() => one.vault.unlock(given));
      assert.equal(one.vault.unlocked, false);
    }),
    { numRuns: RUNS },
  );
  assert.equal(JSON.stringify(one.vault.rawRecords()), records);
  // What is no text, or an empty one, is not stretched into a slot that opens with nothing.
  const open = await ready();
  for (const none of ["", 7, {}, [], true]) {
    await answers(() => open.vault.addPassphrase(none, undefined));
    assert.deepEqual(open.vault.slots(), [], `${none}`);
    assert.equal(await answers(() => open.vault.exportEntries({}, none)), undefined);
  }
  assert.ok(await works(open));
});

/** Options whose members are asked for while the vault is at work, and call it again. */
test("options that call the vault again while they are read do not crash it", async () => {
  for (const name of Object.keys(CALLS)) {
    for (const again of Object.keys(CALLS)) {
      const one = await ready();
      const inner = () => {
        try {
          const args = again === "acceptKeyset" ? [wellKnown] : ["x", {}];
          const result = one.vault[again](...args);
          result?.catch?.(isOurs);
        } catch (thrown) {
          isOurs(thrown);
        }
      };
      const plain = {
        ...wellKnown,
        rid: one.rid,
        id: one.rid,
        provider: "demo",
        method: "GET",
        path: "/",
        token: "t",
        label: "l",
        slot: "s",
      };
      const nosy = new Proxy(plain, {
        get: (target, member) => {
          inner();
          return Reflect.get(target, member);
        },
      });
      for (const given of [
        [nosy, nosy],
        [one.rid, nosy],
        ["sk-some-key-0123456789", nosy],
        [[nosy], nosy],
      ]) {
        await answers(() => one.vault[name](...given));
      }
      assert.ok(Array.isArray(one.vault.entries()), `${name}, then ${again}`);
      one.vault.free();
    }
  }
  assert.ok(await works(await ready()));
});

test("init with anything fails with a code, and the next one works", async () => {
  const { init, core } = await import(new URL("../dist/loader/init.js?anything", import.meta.url));
  const bad = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    text.filter((address) => !/^[a-z]+:\/\//i.test(address)),
    fc.constantFrom(new Response("x"), new Response("", { status: 500 }), new ArrayBuffer(8)),
  );
  await fc.assert(
    fc.asyncProperty(bad, async (source) => {
      await assert.rejects(init(source), (thrown) => {
        isOurs(thrown);
        return true;
      });
    }),
    { numRuns: 50 },
  );
  const file = await readFile(new URL("../dist/wasm/keyseal_bg.wasm", import.meta.url));
  assert.equal(typeof (await core(file)).detect, "function");
});
