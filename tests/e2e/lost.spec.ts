// What a browser loses, refuses or lets others change: said plainly, and what is whole goes on being used.

import type { Page } from "@playwright/test";
import { demoKey } from "../support/canary.mjs";
import { expect, test } from "./support/stage.js";
import { addHere, Bare, use } from "./support/tab.js";

const PASSPHRASE = "correct horse battery staple";

/** As a browser does that clears one kind of storage and not the other. */
function evictDeviceKeys(page: Page): Promise<void> {
  return page.evaluate(async () => {
    await new Promise((done) => {
      indexedDB.deleteDatabase("keyseal").onsuccess = done;
    });
  });
}

const problems = (page: Page) =>
  page.evaluate(() => vault.problems.map(({ code, message, next }) => [code, message, next]));

function addSynced(page: Page, key: string): Promise<string> {
  return page.evaluate(
    async (key) => (await vault.add(key, { provider: "demo", label: "synced" })).id,
    key,
  );
}

test("the device's key is gone: one problem for all entries, and each is entered again by itself", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const page = await bare.tab();
  const ids = [await addHere(page, demoKey().key), await addHere(page, demoKey().key)];
  const synced = await addSynced(page, demoKey().key);
  await evictDeviceKeys(page);
  await bare.open(page);
  const lost = (entries: string) => `What opens ${entries} is not in this browser any more.`;
  expect(await problems(page)).toEqual([
    ["vault_key_lost", lost("2 entries"), "Enter them again."],
  ]);
  expect(await use(page, synced)).toContain("Hello");

  const again = demoKey().key;
  const [first = "", second = ""] = ids;
  await page.evaluate(({ id, key }) => vault.replace(id, key), { id: first, key: again });
  expect(await problems(page)).toEqual([["vault_key_lost", lost("1 entry"), "Enter them again."]]);
  expect(await use(page, first)).toContain(again.slice(-4));
  const other = await page.evaluate((id) => vault.entries.find((e) => e.id === id), second);
  expect(other?.needsReentry).toBe(true);
});

test("the device's key is gone and a passphrase is there: named as what unlocks, and it does", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const page = await bare.tab();
  const pasted = demoKey().key;
  const id = await addHere(page, pasted);
  await page.evaluate(async (passphrase) => {
    const inside = doors.insideOf(vault);
    await inside.addPassphrase?.(passphrase);
    await inside.makeRecoveryCode?.({ passphrase });
    await inside.keepRecoveryCode?.();
  }, PASSPHRASE);
  await evictDeviceKeys(page);
  await bare.open(page);
  expect(await problems(page)).toEqual([
    [
      "vault_key_lost",
      "What opens 1 entry is not in this browser any more.",
      "Unlock with your passphrase or your recovery code, or enter them again.",
    ],
  ]);
  expect(await use(page, id)).toBe("vault_locked");
  await page.evaluate((passphrase) => vault.unlock({ passphrase }), PASSPHRASE);
  expect(await problems(page)).toEqual([]);
  expect(await use(page, id)).toContain(pasted.slice(-4));
});

test("the vault's own record cannot be read: said, nothing is written over it, synced keys go on", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const page = await bare.tab();
  const id = await addHere(page, demoKey().key);
  const synced = await addSynced(page, demoKey().key);
  const name = await page.evaluate(() => {
    const name =
      Object.keys(localStorage).find((name) => /^keyseal\.v1\.[^.]+\.vault$/.test(name)) ?? "";
    localStorage.setItem(name, "{");
    return name;
  });
  await bare.open(page);
  expect((await problems(page)).map(([code]) => code)).toEqual(["vault_damaged"]);
  expect(await use(page, synced)).toContain("Hello");
  expect(await use(page, id)).toBe("vault_damaged");
  const refused = await page.evaluate(async (key) => {
    const added = vault.add(key, { provider: "demo", storage: "browser" });
    return added.then(
      () => "added",
      (error: { code: string }) => error.code,
    );
  }, demoKey().key);
  expect(refused).toBe("vault_damaged");
  expect(await page.evaluate((name) => localStorage.getItem(name), name)).toBe("{");

  await page.evaluate(() => vault.startOver());
  expect((await problems(page)).map(([code]) => code)).toEqual(["vault_key_lost"]);
  const again = demoKey().key;
  await page.evaluate(({ id, key }) => vault.replace(id, key), { id, key: again });
  expect(await use(page, id)).toContain(again.slice(-4));
});

test("one entry was tampered with: it says so, and the others are used", async ({ stage }) => {
  const bare = await Bare.set(stage);
  const page = await bare.tab();
  const ids = [await addHere(page, demoKey().key), await addHere(page, demoKey().key)];
  const [changed = "", whole = ""] = ids;
  await page.evaluate((id) => {
    const name = Object.keys(localStorage).find((name) => name.endsWith(`.entry.${id}`)) ?? "";
    const record = JSON.parse(localStorage.getItem(name) ?? "");
    const parts = record.jwe.split(".");
    parts[3] = (parts[3][0] === "A" ? "B" : "A") + parts[3].slice(1);
    localStorage.setItem(name, JSON.stringify({ ...record, jwe: parts.join(".") }));
  }, changed);
  expect(await use(page, changed)).toBe("entry_damaged");
  expect(await use(page, whole)).toContain("Hello");
});

test("localStorage and IndexedDB throw: the vault opens in memory, and says so", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  await stage.context.addInitScript(() => {
    const refuse = () => {
      throw new DOMException("denied", "SecurityError");
    };
    Object.defineProperty(globalThis, "localStorage", { get: refuse });
    Object.defineProperty(globalThis, "indexedDB", { get: refuse });
  });
  const page = await bare.tab();
  const states = () => page.evaluate(() => [vault.persistent, vault.durable, vault.unlocked]);
  expect(await states()).toEqual([false, false, true]);
  const pasted = demoKey().key;
  const id = await addHere(page, pasted);
  expect(await use(page, id)).toContain(pasted.slice(-4));
  expect(await states()).toEqual([false, false, true]);
  await bare.open(page);
  expect(await page.evaluate(() => vault.entries.length)).toBe(0);
});

test("only IndexedDB throws: with the first key the vault is in memory, and says so", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  await stage.context.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("denied", "InvalidStateError");
    };
  });
  const page = await bare.tab();
  const synced = await addSynced(page, demoKey().key);
  const id = await addHere(page, demoKey().key);
  expect(await page.evaluate(() => vault.persistent)).toBe(false);
  for (const entry of [id, synced]) expect(await use(page, entry)).toContain("Hello");
});

test("the browser is asked to keep the storage once, after the first key that lives here alone", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  await stage.context.addInitScript(() => {
    const asked = Number(sessionStorage.getItem("asked"));
    sessionStorage.setItem("asked", String(asked));
    StorageManager.prototype.persisted = async () => false;
    // An answer that never comes must hold nothing up.
    StorageManager.prototype.persist = () => {
      sessionStorage.setItem("asked", String(Number(sessionStorage.getItem("asked")) + 1));
      return new Promise((answer) => {
        Object.assign(globalThis, { answer });
      });
    };
  });
  const page = await bare.tab();
  const asked = () => page.evaluate(() => Number(sessionStorage.getItem("asked")));
  await addSynced(page, demoKey().key);
  expect(await asked()).toBe(0);
  await addHere(page, demoKey().key);
  expect(await asked()).toBe(1);
  await addHere(page, demoKey().key);
  expect(await asked()).toBe(1);
  await expect.poll(() => page.evaluate(() => vault.durable)).toBe(false);
  await page.evaluate(() => (globalThis as unknown as { answer(_: boolean): void }).answer(true));
  await expect.poll(() => page.evaluate(() => vault.durable)).toBe(true);
  await bare.open(page);
  await addHere(page, demoKey().key);
  expect(await asked()).toBe(1);
});
