// Notes of an app, sealed under the vault, over a companion that answers as told.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Vault } from "../dist/index.js";
import { insideOf } from "../dist/vault/inside.js";
import { FakeCompanion, tokenFor, URL_OF_COMPANION } from "./companion.mjs";

const KEY = `sk-proj-${"aB3_".repeat(16)}`;
const PASSPHRASE = "correct horse battery staple";
const TEXT = "Was heute gesagt wurde: 今日の話 🗝";

let companion;
beforeEach(async (t) => {
  companion = await FakeCompanion.make();
  companion.serve(t);
});

const open = (user = "user-1") =>
  Vault.open({ companion: URL_OF_COMPANION, token: () => tokenFor(user) });

test("a note makes the vault where there is none, opens under its name alone, and stands nowhere in the open", async () => {
  const vault = await open();
  let changes = 0;
  vault.addEventListener("change", () => {
    changes += 1;
  });
  await assert.rejects(vault.openNote("chat", "a.b.c.d.e"), { code: "note_damaged" });
  assert.deepEqual(
    vault.records().filter(({ name }) => name.endsWith(".vault")),
    [],
  );
  const sealed = await vault.sealNote("chat", TEXT);
  assert.equal(vault.records().filter(({ name }) => name.endsWith(".vault")).length, 1);
  assert.ok(changes > 0);
  assert.equal(await vault.openNote("chat", sealed), TEXT);
  await assert.rejects(vault.openNote("another", sealed), {
    name: "KeysealError",
    code: "note_damaged",
    next: /not affected/,
  });
  const parts = sealed.split(".").map((part) => Buffer.from(part, "base64url").toString());
  const everything = [sealed, ...parts, JSON.stringify(vault.records())].join("\n");
  assert.equal(everything.includes("gesagt"), false);
  assert.equal(JSON.parse(parts[0]).typ, "keyseal-note+jwe");
});

test("no key is read with notes: entries, slots and exports do not open, and another user's notes neither", async () => {
  const vault = await open();
  await vault.add(KEY, { storage: "browser", provider: "openai" });
  await insideOf(vault).addPassphrase(PASSPHRASE);
  const sealed = await vault.sealNote("chat", TEXT);
  const exported = await insideOf(vault).exportEntries({ passphrase: PASSPHRASE }, PASSPHRASE);
  const text =
    vault
      .records()
      .map(({ value }) => value)
      .join("\n") + exported.file;
  const jwes = text.match(/[\w-]+\.[\w-]*(?:\.[\w-]+){3}/g);
  // The entry and a slot, the key for notes, the entry and the slot of the export.
  assert.equal(jwes.length, 5);
  for (const jwe of jwes) {
    const header = JSON.parse(Buffer.from(jwe.split(".")[0], "base64url"));
    for (const name of Object.values(header)) {
      await assert.rejects(vault.openNote(name, jwe), { code: "note_damaged" });
    }
  }
  const other = await open("user-2");
  await other.sealNote("chat", TEXT);
  await assert.rejects(other.openNote("chat", sealed), { code: "note_damaged" });
});

test("locked: notes are neither sealed nor opened, until the vault is unlocked; a new vault key keeps them", async () => {
  const vault = await open();
  await insideOf(vault).addPassphrase(PASSPHRASE);
  const sealed = await vault.sealNote("chat", TEXT);
  vault.lock();
  const locked = { code: "vault_locked", next: "Unlock it with your passphrase." };
  await assert.rejects(vault.openNote("chat", sealed), locked);
  await assert.rejects(vault.sealNote("chat", TEXT), locked);
  await vault.unlock({ passphrase: PASSPHRASE });
  const kept = vault.slots.map(({ id }) => ({ slot: id, with: { passphrase: PASSPHRASE } }));
  await insideOf(vault).keepSlots(kept);
  assert.equal(await vault.openNote("chat", sealed), TEXT);
  assert.equal(await vault.openNote("chat", await vault.sealNote("chat", "new")), "new");
});

test("a note without a name or text, or too long, says so; nothing of it is repeated", async () => {
  const vault = await open();
  for (const [name, text] of [
    ["", "text"],
    ["name", ""],
    ["n".repeat(257), "text"],
    ["name", "t".repeat(4 * 1024 * 1024 + 1)],
    [7, "text"],
    ["name", { text: KEY }],
  ]) {
    await assert.rejects(vault.sealNote(name, text), (error) => {
      assert.equal(error.code, "validation");
      assert.ok(error.next && !error.message.includes(KEY));
      return true;
    });
  }
});
