// Passkeys in the isolated frame: made and asked for in a page of another site, which allows it or does not.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, expect, type FrameLocator, type Page, test } from "@playwright/test";
import type { FramedVault } from "keyseal/frame";
import { demoKey } from "../support/canary.mjs";
import { freePort } from "../support/companion.mjs";
import { companionForUsers } from "../support/users.mjs";
import { Authenticator } from "./support/authenticator.js";
import { barePage } from "./support/bare.js";

const ALLOWED = "publickey-credentials-get; publickey-credentials-create; clipboard-write";

/** Holds the frame in a page, with what that page allows it. */
async function hold(tab: Page, given: { src: string; token: string; allow: string }) {
  await tab.evaluate(async ({ src, token, allow }) => {
    const { FramedVault } = await import(`${location.origin}/dist/frame/index.js`);
    const frame = document.createElement("iframe");
    Object.assign(frame, { src, allow });
    frame.style.cssText = "width: 900px; border: 0";
    document.body.replaceChildren(frame);
    window.framed = new FramedVault(frame, { token: () => token });
  }, given);
  const frame = tab.frameLocator("iframe");
  await expect(frame.getByRole("heading", { name: "Secure Store" })).toBeVisible();
  return frame;
}

async function addHere(frame: FrameLocator, key: string): Promise<void> {
  await frame.getByRole("button", { name: "Add a key" }).first().click();
  const dialog = frame.getByRole("dialog", { name: "Add a key" });
  await dialog.getByLabel("API key").pressSequentially(key);
  await dialog.getByRole("radio", { name: "Only in this browser" }).check({ force: true });
  await dialog.getByRole("button", { name: "Seal and store" }).click();
  await expect(dialog.getByRole("status")).toContainText("accepts this key");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
}

async function addPasskey(frame: FrameLocator, by = "Add a passkey") {
  await frame.getByRole("tab", { name: "Security" }).click();
  await frame.getByRole("button", { name: by }).click();
  const dialog = frame.getByRole("dialog");
  await dialog.getByLabel("Name of the passkey").fill("Ann");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  return dialog;
}

declare global {
  interface Window {
    framed: FramedVault;
  }
}

test("in the frame of another site a passkey is made and unlocks; where the page forbids it, that is said", async () => {
  const site = await barePage("", "127.0.0.1");
  const port = await freePort();
  // Passkeys are bound to names, not to addresses.
  const own = `http://localhost:${port}`;
  const env = { KEYSEAL__PUBLIC_URL: own, KEYSEAL__FRAME__ORIGINS: site.url };
  const users = await companionForUsers({ port, env });
  // In a profile on disk: in a private window Chromium gives the frame of another site no storage.
  const profile = mkdtempSync(join(tmpdir(), "keyseal-profile-"));
  mkdirSync(join(profile, "Default"));
  const settings = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  writeFileSync(join(profile, "Default/Preferences"), JSON.stringify(settings));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROME,
    chromiumSandbox: process.getuid?.() !== 0,
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(site.url);
    const given = { src: `${own}/frame`, token: await users.tokenFor("ann") };

    const frame = await hold(tab, { ...given, allow: ALLOWED });
    const authenticator = await Authenticator.plug(tab);
    const { key } = demoKey();
    await addHere(frame, key);
    expect(await tab.evaluate(() => window.framed.persistent)).toBe(true);
    await expect(await addPasskey(frame)).toBeHidden();
    await expect(frame.getByRole("button", { name: "Add another passkey" })).toBeVisible();
    const uses = async () => (await authenticator.credentials()).map((it) => it.signCount);
    const [before = 0] = await uses();

    await test.step("it unlocks the vault in there", async () => {
      await frame.getByRole("button", { name: "Lock the vault" }).click();
      await expect.poll(() => tab.evaluate(() => window.framed.unlocked)).toBe(false);
      await frame.getByRole("button", { name: "Unlock with a passkey" }).click();
      await expect.poll(() => tab.evaluate(() => window.framed.unlocked)).toBe(true);
      expect((await uses())[0]).toBeGreaterThan(before);
    });

    await test.step("a recovery code is kept in there, too", async () => {
      await frame.getByRole("button", { name: "Make a recovery code" }).click();
      const dialog = frame.getByRole("dialog");
      await dialog.getByRole("button", { name: "Make the code" }).click();
      await dialog.getByLabel("I have it in a safe place").check();
      await dialog.getByRole("button", { name: "Done" }).click();
      await expect(dialog).toBeHidden();
      await expect(frame.getByRole("button", { name: "Remove: Recovery code" })).toBeVisible();
    });

    await test.step("a person who turns it away is told so, and nothing else", async () => {
      await frame.getByRole("button", { name: "Lock the vault" }).click();
      await authenticator.verifies(false);
      await frame.getByRole("button", { name: "Unlock with a passkey" }).click();
      await expect(frame.getByRole("alert")).toContainText("passkey_refused");
      await authenticator.verifies(true);
    });

    await test.step("a page that allows its frame no passkeys: said, and what to do", async () => {
      const frame = await hold(tab, { ...given, allow: "clipboard-write" });
      await frame.getByRole("button", { name: "Unlock with a passkey" }).click();
      await expect(frame.getByRole("alert")).toContainText("does not allow passkeys here");
      await frame.getByRole("button", { name: "Unlock on this device" }).click();
      const dialog = await addPasskey(frame, "Add another passkey");
      await expect(dialog.getByRole("alert")).toContainText("passkey_forbidden");
      expect(await uses()).toHaveLength(1);
    });
  } finally {
    await browser.close();
    await users.companion.remove();
    for (const folder of [users.companion.folder, profile]) {
      rmSync(folder, { recursive: true, force: true });
    }
    await site.close();
  }
});
