// A passkey as the vault takes it: added through the elements' door, and unlocking by what the app calls.

import { expect, test } from "@playwright/test";
import { tokenOf } from "../../pkg/test/real.mjs";
import { demoKey } from "../support/canary.mjs";
import { launch } from "../support/chromium.mjs";
import { Companion } from "../support/companion.mjs";
import { Authenticator } from "./support/authenticator.js";
import { barePage } from "./support/bare.js";
import { addHere, openVault, use } from "./support/tab.js";

test("a passkey unlocks the vault; one that the person turns away does not, and is no wrong secret", async () => {
  const site = await barePage();
  // Passkeys are bound to names, not to addresses: the page is on localhost, the companion elsewhere.
  const companion = new Companion({ env: { KEYSEAL__CORS__ORIGINS: site.url } });
  await companion.start();
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    const authenticator = await Authenticator.plug(page);
    const options = { companion: companion.url, token: await tokenOf(companion) };
    await openVault(page, "/dist/", options);
    const pasted = demoKey().key;
    const id = await addHere(page, pasted);
    await page.evaluate(async () => {
      const inside = doors.insideOf(vault);
      await inside.addPassphrase?.("correct horse battery staple");
      const proof = { passphrase: "correct horse battery staple" };
      await inside.addPasskey?.("Ann", proof);
      const kept = vault.slots
        .filter(({ kind }) => kind !== "device")
        .map(({ id, kind }) => ({
          slot: id,
          with: kind === "passkey" ? { passkey: id } : proof,
        }));
      await inside.keepSlots?.(kept);
    });
    expect(await page.evaluate(() => vault.slots.map(({ kind }) => kind))).toEqual([
      "passphrase",
      "passkey",
    ]);

    await page.reload();
    await openVault(page, "/dist/", options);
    expect(await page.evaluate(() => vault.unlocked)).toBe(false);
    expect(await use(page, id)).toBe("vault_locked");
    await page.evaluate(() => vault.unlock({ passkey: true }));
    expect(await use(page, id)).toContain(pasted.slice(-4));

    await page.evaluate(() => vault.lock());
    await authenticator.verifies(false);
    const turnedAway = await page.evaluate(() =>
      vault.unlock({ passkey: true }).then(
        () => "unlocked",
        (error: { code: string }) => error.code,
      ),
    );
    expect(turnedAway).toMatch(/^passkey_/);
    expect(await page.evaluate(() => vault.records().some(({ name }) => /tries/.test(name)))).toBe(
      false,
    );
    expect(await use(page, id)).toBe("vault_locked");
  } finally {
    await browser.close();
    await companion.remove();
    await site.close();
  }
});
