// Locking, unlocking, and the ways to do it, over a companion that answers as told.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as everything from "../dist/index.js";
import { insideOf } from "../dist/vault/inside.js";
import { FakeCompanion, tokenFor, URL_OF_COMPANION } from "./companion.mjs";

const { Vault } = everything;
const KEY = `sk-proj-${"aB3_".repeat(16)}`;
const PASSPHRASE = "correct horse battery staple";
const MINUTE = 60_000;

let companion;
beforeEach(async (t) => {
  companion = await FakeCompanion.make();
  companion.serve(t);
});

async function open(options = {}) {
  const token = () => tokenFor("user-1");
  return Vault.open({ companion: URL_OF_COMPANION, token, ...options });
}

/** A vault with one browser-only key, and a passphrase to unlock it. */
async function guarded(options) {
  const vault = await open(options);
  await vault.add(KEY, { storage: "browser" });
  await insideOf(vault).addPassphrase(PASSPHRASE);
  return vault;
}

const use = (vault) => vault.fetch(`${vault.baseURL("openai")}/models`);

test("locked: keys of this browser are neither used nor added, until the passphrase comes", async () => {
  const vault = await guarded();
  const [entry] = vault.entries;
  let changes = 0;
  vault.addEventListener("change", () => {
    changes += 1;
  });
  vault.lock();
  assert.equal(vault.unlocked, false);
  assert.equal(changes, 1);
  const locked = { code: "vault_locked", next: "Unlock it with your passphrase." };
  await assert.rejects(use(vault), locked);
  await assert.rejects(vault.test(entry.id), locked);
  await assert.rejects(vault.replace(entry.id, KEY), locked);
  await assert.rejects(vault.add(KEY, { storage: "browser" }), locked);
  await assert.rejects(vault.unlock(), locked);
  await vault.update(entry.id, { label: "seen while locked" });
  await vault.add(KEY);

  await vault.unlock({ passphrase: PASSPHRASE });
  assert.equal(vault.unlocked, true);
  assert.equal((await use(vault)).status, 200);
});

test("a recovery code unlocks too, however it is typed; slots are listed without secrets", async () => {
  const vault = await guarded();
  const code = await insideOf(vault).makeRecoveryCode({ passphrase: PASSPHRASE });
  await insideOf(vault).keepRecoveryCode();
  assert.deepEqual(
    vault.slots.map(({ kind }) => kind),
    ["passphrase", "recovery"],
  );
  for (const slot of vault.slots) {
    assert.deepEqual(Object.keys(slot), ["id", "kind", "added"]);
    assert.ok(Math.abs(Date.parse(slot.added) - Date.now()) < MINUTE);
  }
  vault.lock();
  await vault.unlock({ recoveryCode: code.toLowerCase().replaceAll("-", " ") });
  assert.equal(vault.unlocked, true);
  assert.equal(JSON.stringify(vault.records()).includes(code), false);
});

test("a vault that nothing would unlock again is not locked", async () => {
  const vault = await open();
  await vault.add(KEY, { storage: "browser" });
  assert.throws(() => vault.lock(), { code: "last_slot" });
  assert.equal((await use(vault)).status, 200);
});

test("wrong secrets: always the same answer, after 1, 2, 4 … at most 30 seconds; nobody is locked out", async (t) => {
  const vault = await guarded();
  vault.lock();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const answers = new Set();
  /** How long the attempt waited before it was made: the seconds that had to go by. */
  async function attempt(secret) {
    let done = false;
    const answer = vault.unlock(secret).then(
      () => "unlocked",
      (error) => `${error.code} ${error.message} ${error.next}`,
    );
    answer.finally(() => {
      done = true;
    });
    for (let seconds = 0; ; seconds += 1) {
      // Argon2id works between two turns of the loop, however long that takes.
      for (let turns = 0; turns < 50 && !done; turns += 1) await new Promise(setImmediate);
      if (done) return { seconds, answer: await answer };
      t.mock.timers.tick(1000);
    }
  }
  const waits = [];
  for (const secret of [
    { passphrase: "wrong" },
    { recoveryCode: "not a code" },
    { passphrase: "" },
    { passphrase: "wrong" },
    { passphrase: "wrong" },
    { passphrase: "wrong" },
    { passphrase: "wrong" },
    { passphrase: "wrong" },
  ]) {
    const { seconds, answer } = await attempt(secret);
    waits.push(seconds);
    answers.add(answer);
  }
  assert.deepEqual(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
  assert.equal(answers.size, 1, [...answers].join("\n"));
  assert.deepEqual(await attempt({ passphrase: PASSPHRASE }), { seconds: 30, answer: "unlocked" });
  vault.lock();
  assert.deepEqual(await attempt({ passphrase: PASSPHRASE }), { seconds: 0, answer: "unlocked" });
});

test("auto-lock: after so many minutes without use, and use puts it off", async (t) => {
  const vault = await guarded();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  assert.equal(vault.autoLockMinutes, null);
  vault.autoLockMinutes = 10;
  t.mock.timers.tick(9 * MINUTE);
  assert.equal((await use(vault)).status, 200);
  t.mock.timers.tick(9 * MINUTE);
  assert.equal(vault.unlocked, true);
  // Looking at the list is no use of the vault.
  assert.equal(vault.entries.length, 1);
  t.mock.timers.tick(MINUTE);
  assert.equal(vault.unlocked, false);

  await vault.unlock({ passphrase: PASSPHRASE });
  vault.autoLockMinutes = null;
  t.mock.timers.tick(1000 * MINUTE);
  assert.equal(vault.unlocked, true);
});

test("a computer that slept for longer finds the vault locked, whether its timers ran or not", async (t) => {
  const vault = await guarded({ autoLockMinutes: 5 });
  assert.equal(vault.autoLockMinutes, 5);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 6 * MINUTE });
  await assert.rejects(use(vault), { code: "vault_locked" });
  assert.equal(vault.unlocked, false);
});

test("what auto-lock is not: zero, negative, text or more than a week", async () => {
  const vault = await open();
  for (const minutes of [0, -1, Number.NaN, "5", 7 * 24 * 60 + 1, undefined]) {
    assert.throws(
      () => {
        vault.autoLockMinutes = minutes;
      },
      { code: "validation" },
    );
  }
  await assert.rejects(open({ autoLockMinutes: 0 }), { code: "validation" });
});

test("a new passphrase takes the place of the old one; a slot that is not kept is gone", async () => {
  const vault = await guarded();
  const inside = insideOf(vault);
  const code = await inside.makeRecoveryCode({ passphrase: PASSPHRASE });
  await inside.keepRecoveryCode();
  const [passphrase, recovery] = vault.slots;
  await assert.rejects(inside.keepSlots([{ slot: recovery.id, with: { recoveryCode: "0000" } }]), {
    code: "wrong_secret",
  });
  const short = [
    { slot: passphrase.id, newPassphrase: "short" },
    { slot: recovery.id, with: { recoveryCode: code } },
  ];
  await assert.rejects(inside.keepSlots(short), { code: "passphrase_short" });
  await inside.keepSlots([
    { slot: passphrase.id, newPassphrase: "another one" },
    { slot: recovery.id, with: { recoveryCode: code } },
  ]);
  assert.deepEqual(
    vault.slots.map(({ added }) => added),
    [passphrase.added, recovery.added],
    "a slot that stays was not added anew",
  );
  await inside.keepSlots([{ slot: vault.slots[0].id, with: { passphrase: "another one" } }]);
  assert.equal(vault.slots.length, 1);
  assert.equal((await use(vault)).status, 200);
  vault.lock();
  await assert.rejects(vault.unlock({ recoveryCode: code }), { code: "wrong_secret" });
});

test("a change of the ways in asks for one that is there; the last one is not removed", async () => {
  const vault = await guarded();
  const inside = insideOf(vault);
  const [passphrase] = vault.slots;
  const changed = [{ slot: passphrase.id, newPassphrase: "mine, all mine" }];
  await assert.rejects(inside.makeRecoveryCode(), { code: "wrong_secret" });
  await assert.rejects(inside.keepRecoveryCode(), { code: "vault_locked" });
  await assert.rejects(inside.keepSlots(changed), { code: "wrong_secret" });
  assert.deepEqual(vault.slots, [passphrase]);
  await assert.rejects(inside.keepSlots([], { passphrase: PASSPHRASE }), { code: "last_slot" });
  vault.lock();
  await assert.rejects(inside.makeRecoveryCode({ passphrase: PASSPHRASE }), {
    code: "vault_locked",
  });
});

test("export and import: needs a secret at that moment, and says what became of each entry", async () => {
  const vault = await guarded();
  const second = await vault.add(KEY, { storage: "browser", label: "second" });
  const inside = insideOf(vault);
  await assert.rejects(inside.exportEntries({ passphrase: "wrong" }, "for the journey"), {
    code: "wrong_secret",
  });
  const { file, leftOut } = await inside.exportEntries(
    { passphrase: PASSPHRASE },
    "for the journey",
  );
  assert.deepEqual(leftOut, []);
  assert.equal(file.includes(KEY), false);
  assert.deepEqual(await inside.importEntries(file, "for the journey"), [
    { id: vault.entries[0].id, result: "known" },
    { id: second.id, result: "known" },
  ]);

  const elsewhere = await open();
  const torn = JSON.parse(file);
  torn.entries[0].jwe = `${torn.entries[0].jwe.slice(0, -4)}AAAA`;
  const results = await insideOf(elsewhere).importEntries(JSON.stringify(torn), "for the journey");
  assert.deepEqual(
    new Map(results.map(({ id, result }) => [id, result])),
    new Map([
      [second.id, "taken"],
      [vault.entries[0].id, "refused"],
    ]),
  );
  assert.equal((await use(elsewhere)).status, 200);
  assert.equal(
    (await companion.openEnvelope(companion.asked.at(-1).headers)).key,
    KEY,
    "the control: the key is there, and is used",
  );
});

test("a script that holds a vault holds no way to its slots, to an export, nor to the operator's key", async () => {
  const vault = await guarded();
  const names = new Set();
  for (let at = vault; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) names.add(String(name));
  }
  const inside = ["addDevice", "addPassphrase", "addPasskey", "makeRecoveryCode", "keepSlots"];
  for (const name of [...inside, "exportEntries", "importEntries", "allowPlatform"]) {
    assert.equal(typeof insideOf(vault)[name], "function", "the control: it is there");
    assert.equal(names.has(name), false, name);
  }
  for (const exported of Object.keys(everything)) assert.doesNotMatch(exported, /inside|slot/i);
  assert.throws(() => insideOf({}), TypeError);
});

test("what nobody can unlock is given up, and its keys are entered again one by one", async () => {
  const vault = await guarded();
  const second = await vault.add(KEY, { storage: "browser", label: "second" });
  await assert.rejects(vault.startOver(), { code: "validation" });
  vault.lock();
  await vault.startOver();
  assert.equal(vault.unlocked, true);
  assert.deepEqual(vault.slots, []);
  const [problem] = vault.problems;
  assert.deepEqual(
    [problem.code, problem.message, problem.next],
    [
      "vault_key_lost",
      "What opens 2 entries is not in this browser any more.",
      "Enter them again.",
    ],
  );
  assert.ok(vault.entries.every((entry) => entry.needsReentry));

  await vault.replace(second.id, KEY);
  assert.equal(vault.problems[0].message, "What opens 1 entry is not in this browser any more.");
  assert.deepEqual(
    vault.entries.map(({ id, needsReentry }) => [id === second.id, needsReentry]),
    [
      [false, true],
      [true, false],
    ],
    "the other was not touched",
  );
  assert.equal((await use(vault)).status, 200);
  assert.equal(vault.entries.find(({ id }) => id === second.id).label, "second");
});

test("what unlocks nothing is an error with a code, whatever it is", async () => {
  const vault = await guarded();
  vault.lock();
  for (const given of ["text", 1, null, true]) {
    await assert.rejects(vault.unlock(given), { code: "validation" });
  }
  await assert.rejects(vault.unlock({ passkey: true }), { code: "slot_unknown" });
});

test("before the first key there is nothing to lock", async () => {
  const vault = await open();
  vault.lock();
  assert.equal(vault.unlocked, true);
  await vault.add(KEY, { storage: "browser" });
  assert.equal((await use(vault)).status, 200);
});

test("a vault that was closed forgets its key", async () => {
  const vault = await guarded();
  vault.close();
  await assert.rejects(use(vault), { code: "vault_locked" });
});
