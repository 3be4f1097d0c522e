// Locking and unlocking on the page, what waits for the companion, and what the browser has lost: as a person sees it.

import type { Page } from "@playwright/test";
import { demoKey } from "../support/canary.mjs";
import { expect, type Stage, test } from "./support/stage.js";
import { SecureStore } from "./support/store.js";
import { Bare } from "./support/tab.js";

const PASSPHRASE = "correct horse battery staple";

async function openStore(stage: Stage): Promise<SecureStore> {
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  return store;
}

const locked = (page: Page) => page.getByRole("heading", { name: "The vault is locked" });
const lockButton = (page: Page) => page.getByRole("button", { name: "Lock the vault" });

/** Adds ways to unlock behind the page's back, as its own elements will; gives the recovery code. */
async function addWays(stage: Stage, page: Page, without: "nothing" | "device"): Promise<string> {
  const bare = await Bare.beside(stage, page);
  const tab = await bare.tab();
  const code = await tab.evaluate(
    async ({ passphrase, without }) => {
      const inside = doors.insideOf(vault);
      await inside.addPassphrase?.(passphrase);
      const recoveryCode = (await inside.makeRecoveryCode?.({ passphrase })) as string;
      await inside.keepRecoveryCode?.();
      if (without === "device") {
        const kept = vault.slots
          .filter(({ kind }) => kind !== "device")
          .map(({ id, kind }) => ({
            slot: id,
            with: kind === "recovery" ? { recoveryCode } : { passphrase },
          }));
        await inside.keepSlots?.(kept);
      }
      return recoveryCode;
    },
    { passphrase: PASSPHRASE, without },
  );
  await tab.close();
  return code;
}

test("locked by its button, also over a reload; the device unlocks it when asked to", async ({
  stage,
}) => {
  const { key } = demoKey();
  const store = await openStore(stage);
  const { page } = store;
  await expect(lockButton(page)).toHaveCount(0);
  await store.add(key, "browser");
  await lockButton(page).click();
  await expect(locked(page)).toBeVisible();
  await expect(store.row(key)).toBeVisible();
  await store.goTo("Security");
  await expect(locked(page)).toBeVisible();
  await expect(page.getByRole("button", { name: "Lock now" })).toBeDisabled();
  await page.reload();
  await expect(locked(page)).toBeVisible();
  await page.getByRole("button", { name: "Unlock on this device" }).click();
  await expect(locked(page)).toHaveCount(0);
  await store.goTo("Keys");
  expect((await store.chat(key, "Awake?")).text).toContain(key.slice(-4));
});

test("passphrase or recovery code: a wrong one is said, the right one opens", async ({ stage }) => {
  const { key } = demoKey();
  const store = await openStore(stage);
  const { page } = store;
  await store.add(key, "browser");
  const code = await addWays(stage, page, "device");
  await expect(locked(page)).toBeVisible();
  await expect(page.getByRole("button", { name: "Unlock on this device" })).toHaveCount(0);

  await page.getByLabel("Passphrase").fill("not it");
  await page.getByRole("button", { name: "Unlock", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("That does not unlock the vault.");
  await expect(page.getByLabel("Passphrase")).toHaveValue("");
  await page.getByLabel("Passphrase").fill(PASSPHRASE);
  await page.getByRole("button", { name: "Unlock", exact: true }).click();
  await expect(locked(page)).toHaveCount(0);
  expect((await store.chat(key, "Awake?")).text).toContain(key.slice(-4));

  await lockButton(page).click();
  await page.getByRole("button", { name: "Use the recovery code instead" }).click();
  await page.getByLabel("Recovery code").fill(code);
  await page.getByRole("button", { name: "Unlock", exact: true }).click();
  await expect(locked(page)).toHaveCount(0);
  expect((await store.everything()).includes(code)).toBe(false);
});

test("when it locks by itself is chosen under Security, and kept", async ({ stage }) => {
  const store = await openStore(stage);
  const { page } = store;
  await store.add(demoKey().key, "browser");
  await store.goTo("Security");
  const choice = page.getByLabel("Lock by itself");
  await expect(choice.locator("option:checked")).toHaveText("Never");
  await choice.selectOption({ label: "After 15 minutes" });
  await page.reload();
  await expect(choice.locator("option:checked")).toHaveText("After 15 minutes");
  // Here the page has an address of numbers, where browsers make no passkey.
  await page.getByRole("button", { name: "Add a passkey" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a passkey" });
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("the address of this page is a number");
});

test("nobody can unlock it: given up, and its keys are entered again", async ({ stage }) => {
  const [old, again] = [demoKey(), demoKey()];
  const store = await openStore(stage);
  const { page } = store;
  await store.add(old.key, "browser", "mine");
  await addWays(stage, page, "device");
  await expect(locked(page)).toBeVisible();
  await page.getByRole("button", { name: "I cannot unlock it" }).click();
  await page.getByRole("button", { name: "Give up the vault" }).click();
  await expect(locked(page)).toHaveCount(0);
  await expect(page.getByText("What opens 1 entry is not in this browser any more.")).toBeVisible();
  await store.row(old.key).getByRole("button", { name: "Enter again" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("API key").fill(again.key);
  await dialog.getByRole("button", { name: "Seal and store" }).click();
  await expect(dialog.getByRole("status")).toContainText("accepts this key");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(store.row(again.key)).toContainText("mine");
  await expect(page.getByText("is not in this browser any more")).toHaveCount(0);
});

test("changed and revoked while the companion is away: marked, and done when it is back", async ({
  stage,
}) => {
  const [renamed, revoked] = [demoKey(), demoKey()];
  const store = await openStore(stage);
  const { page } = store;
  await store.add(renamed.key, "synced");
  await store.add(revoked.key, "synced");
  await stage.companion.stop();

  const row = store.row(renamed.key);
  await row.getByRole("button", { name: /^More for / }).click();
  await row.getByRole("menuitem", { name: "Rename" }).click();
  await row.getByLabel("Label").fill("offline");
  await row.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("offline");
  await expect(row).toContainText("The companion hears of it when it can be reached again.");

  const gone = store.row(revoked.key);
  await gone.getByRole("button", { name: /^More for / }).click();
  await gone.getByRole("menuitem", { name: /^Revoke/ }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await expect(gone).toContainText("Waiting to be revoked");
  await expect(gone.getByRole("button", { name: /^More for / })).toHaveCount(0);

  await stage.companion.start();
  await expect(gone).toHaveCount(0);
  await expect(row).toContainText("offline");
  await expect(row).not.toContainText("The companion hears of it");
});
