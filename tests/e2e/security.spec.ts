// <keyseal-security> alone on the page of another app, under a strict policy: every way in, out and back.

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { demoKey, findIn } from "../support/canary.mjs";
import { rsaPair, wellKnownOf } from "../support/jose.mjs";
import { Authenticator } from "./support/authenticator.js";
import { expect, test, Views } from "./support/views.js";

const GOOD = "orange tiger lamp bicycle";
const BETTER = "velvet anchor cactus thunder";

const kinds = (page: Page) =>
  page.evaluate(() => window.views.vault?.slots.map(({ kind }) => kind));
const ways = (page: Page) => page.getByRole("list", { name: "Ways to unlock" });
const dialog = (page: Page) => page.getByRole("dialog");

/** As a browser does that clears one kind of storage and not the other. */
const loseDeviceKey = (page: Page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        indexedDB.deleteDatabase("keyseal").onsuccess = done;
      }),
  );

async function addPassphrase(page: Page, passphrase: string): Promise<void> {
  await page.getByRole("button", { name: "Add a passphrase" }).click();
  await dialog(page).getByLabel("New passphrase").fill(passphrase);
  await dialog(page).getByLabel("Once more").fill(passphrase);
  await dialog(page).getByRole("button", { name: "Add" }).click();
  await expect(dialog(page)).toBeHidden();
}

test("a passphrase that is guessed at once: refused when short, used after a second act, never for a file", async ({
  views,
  page,
}) => {
  await views.add(demoKey().key, { storage: "browser" });
  await views.show("security");
  const alert = dialog(page).getByRole("alert");
  await page.getByRole("button", { name: "Add a passphrase" }).click();
  await page.keyboard.type("abc");
  await expect(dialog(page)).toContainText("Too short: at least 8 characters");
  await dialog(page).getByLabel("Once more").fill("abc");
  await page.keyboard.press("Enter");
  await expect(alert).toContainText("At least 8 characters.");
  await expect(dialog(page).getByLabel("New passphrase")).toBeFocused();
  await page.keyboard.type("defgh");
  await expect(alert).toHaveCount(0);
  await dialog(page).getByLabel("Once more").fill("abcdefgh");
  await page.keyboard.press("Enter");
  await expect(alert).toContainText("This one is easy to guess.");
  expect(await kinds(page)).toEqual(["device"]);
  const insist = dialog(page).getByRole("checkbox", { name: /Use it all the same/ });
  await expect(insist).toBeFocused();
  await page.keyboard.press("Space");
  await page.keyboard.press("Enter");
  await expect(dialog(page)).toBeHidden();
  expect(await kinds(page)).toEqual(["device", "passphrase"]);

  await page.getByRole("button", { name: "Export…" }).click();
  await dialog(page).getByLabel("Passphrase now").fill("abcdefgh");
  for (const name of ["Passphrase of the file", "Once more"]) {
    await dialog(page).getByLabel(name).fill("abcdefgh");
  }
  await dialog(page).getByRole("button", { name: "Export" }).click();
  await expect(alert).toContainText("too easy to guess for a file");
  await expect(insist).toHaveCount(0);
  await expect(dialog(page)).not.toContainText("Saved as");
});

test("whoever cannot show a way in takes none away, by keyboard neither", async ({
  views,
  page,
}) => {
  await views.add(demoKey().key, { storage: "browser" });
  await views.show("security");
  await page.getByRole("button", { name: "Make a recovery code" }).click();
  await test.step("nor does a script that clicks, or sends the form", async () => {
    const make = dialog(page).getByRole("button", { name: "Make the code" });
    for (const how of ["click", "requestSubmit"] as const) {
      await make.evaluate(
        (button: HTMLButtonElement, how) =>
          how === "click" ? button.click() : button.form?.requestSubmit(),
        how,
      );
      await expect(dialog(page).getByRole("alert")).toContainText("not sent by a click or a key");
    }
  });
  await dialog(page).getByRole("button", { name: "Make the code" }).click();
  await expect(dialog(page).locator(".code")).toBeVisible();

  await test.step("a code that nobody says to have opens nothing, and is asked for by nothing", async () => {
    await views.open();
    await views.show("security");
    expect(await kinds(page)).toEqual(["device"]);
    await page.getByRole("button", { name: "Make a recovery code" }).click();
    await dialog(page).getByRole("button", { name: "Make the code" }).click();
    await dialog(page).getByRole("button", { name: "Throw it away" }).click();
    await expect(dialog(page)).toBeHidden();
    expect(await kinds(page)).toEqual(["device"]);
  });

  await page.getByRole("button", { name: "Make a recovery code" }).click();
  await dialog(page).getByRole("button", { name: "Make the code" }).click();
  const code = await dialog(page).locator(".code").innerText();
  await dialog(page).getByLabel("I have it in a safe place").check();
  await dialog(page).getByRole("button", { name: "Done" }).click();
  await expect(dialog(page)).toBeHidden();
  expect(await kinds(page)).toEqual(["device", "recovery"]);

  const remove = page.getByRole("button", { name: "Remove: Recovery code" });
  await remove.focus();
  await page.keyboard.press("Enter");
  const field = dialog(page).getByLabel("Recovery code", { exact: true });
  await expect(field).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(dialog(page).getByRole("alert")).toContainText("Fill this in first.");
  await page.keyboard.type("0000 0000");
  await expect(dialog(page).getByRole("alert")).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(dialog(page).getByRole("alert")).toContainText("“Recovery code” is not right.");
  expect(await kinds(page)).toEqual(["device", "recovery"]);
  await dialog(page).getByText("I have none of these").click();
  await expect(dialog(page)).toContainText("choose “I cannot unlock it”");
  await field.fill(code);
  await page.keyboard.press("Enter");
  await expect(dialog(page)).toBeHidden();
  expect(await kinds(page)).toEqual(["device"]);
});

test("passphrase, recovery code and removal: guided, measured, printed once, and they open what was lost", async ({
  views,
  page,
}) => {
  const { key, secret } = demoKey();
  const entry = await views.add(key, { storage: "browser", label: "mine" });
  await views.show("security");
  const device = ways(page).getByRole("listitem").filter({ hasText: "This device, by itself" });
  await expect(device).toContainText("this is the only one. Add another first.");
  await expect(device.getByRole("button")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Export…" })).toBeDisabled();
  await expect(page.getByText("Add one above first.")).toBeVisible();

  await test.step("a passphrase is measured while it is typed, and stretched with a word", async () => {
    await page.getByRole("button", { name: "Add a passphrase" }).click();
    const field = dialog(page).getByLabel("New passphrase");
    await expect(field).toBeFocused();
    await dialog(page).getByRole("button", { name: "Add" }).click();
    await expect(dialog(page).getByRole("alert")).toContainText("Fill this in first.");
    await field.fill("Password1234567890");
    await expect(dialog(page)).toContainText("It is like a much used password.");
    await field.fill(GOOD);
    await expect(dialog(page)).toContainText("Very good");
    await dialog(page).getByLabel("Once more").fill("orange tiger lamp");
    await dialog(page).getByRole("button", { name: "Add" }).click();
    await expect(dialog(page).getByRole("alert")).toContainText("The two are not the same.");
    await expect(dialog(page).getByRole("alert")).not.toContainText("passphrase_weak");
    // What can be looked at need not be typed twice.
    await dialog(page).getByRole("button", { name: "Show" }).click();
    await expect(field).toHaveAttribute("type", "text");
    await expect(dialog(page).getByLabel("Once more")).toHaveCount(0);
    // What is said before the page stands still can be seen by then.
    const said = page.evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          const paint = () => {
            const find = (root: ParentNode): boolean =>
              [...root.querySelectorAll("*")].some(
                (node) =>
                  (node.matches(".busy") && (node.textContent ?? "").includes("Stretching")) ||
                  (node.shadowRoot !== null && find(node.shadowRoot)),
              );
            if (find(document)) resolve(true);
            else requestAnimationFrame(paint);
          };
          paint();
        }),
    );
    await dialog(page).getByRole("button", { name: "Add" }).click();
    expect(await said).toBe(true);
    await expect(dialog(page)).toBeHidden();
    expect(await kinds(page)).toEqual(["device", "passphrase"]);
    await expect(page.getByText("A recovery code on paper is a second way in.")).toBeVisible();
  });

  let code = "";
  await test.step("a recovery code needs proof, is shown once, and goes only when it is kept", async () => {
    await page.getByRole("button", { name: "Make a recovery code" }).click();
    await dialog(page).getByLabel("Passphrase now").fill("wrong");
    await dialog(page).getByRole("button", { name: "Make the code" }).click();
    await expect(dialog(page).getByRole("alert")).toContainText("“Passphrase now” is not right.");
    await dialog(page).getByLabel("Passphrase now").fill(GOOD);
    await dialog(page).getByRole("button", { name: "Make the code" }).click();
    const shown = page.getByRole("dialog", { name: "Your recovery code" }).locator(".code");
    await expect(shown).toBeVisible();
    code = (await shown.innerText()).replace(/\s+/g, " ").trim();
    expect(code).toMatch(/^([0-9A-Z]{4} ){7}[0-9A-Z]{4}$/);
    await page.keyboard.press("Escape");
    await dialog(page).getByRole("button", { name: "Done" }).click();
    await expect(dialog(page).getByRole("alert")).toContainText("it cannot be shown again");
    // The paper has the code and nothing of the page around it.
    await page.addInitScript(() => {
      window.print = () => {
        Object.assign(window.top ?? window, { printed: document.body.textContent });
      };
    });
    await dialog(page).getByRole("button", { name: "Print" }).click();
    const printed = await page.evaluate(() => (window as { printed?: string }).printed ?? "");
    expect(printed).toContain(code.replaceAll(" ", ""));
    expect(printed).not.toContain("What is stored where");
    await dialog(page).getByLabel("I have it in a safe place").check();
    await dialog(page).getByRole("button", { name: "Done" }).click();
    await expect(dialog(page)).toBeHidden();
    expect(await page.content()).not.toContain(code.slice(0, 9));
  });

  await test.step("the device has lost its key: the code opens the vault", async () => {
    await loseDeviceKey(page);
    await views.open();
    await views.show("security");
    expect(await page.evaluate(() => window.views.vault?.unlocked)).toBe(false);
    await expect(page.getByText("Unlock the vault to change them.")).toBeVisible();
    await expect(ways(page).getByRole("button")).toHaveCount(0);
    await page.evaluate((recoveryCode) => window.views.vault?.unlock({ recoveryCode }), code);
    expect(await views.chat(entry)).toContain(key.slice(-4));
  });

  await test.step("the device's own way goes; what stays is shown, or goes too", async () => {
    await page.getByRole("button", { name: "Remove: This device, by itself" }).click();
    await expect(dialog(page).getByText("What stays")).toBeVisible();
    await dialog(page).getByRole("button", { name: "Let it go too" }).nth(1).click();
    await dialog(page).getByRole("button", { name: "Let it go too" }).first().click();
    await expect(dialog(page)).toContainText("At least one way has to stay that is no passkey.");
    await expect(dialog(page).getByRole("button", { name: "Remove" })).toBeDisabled();
    await dialog(page).getByRole("button", { name: "Keep it" }).first().click();
    // Shown once, it is the proof, and stays.
    await dialog(page).getByLabel("Passphrase now").fill(GOOD);
    await dialog(page).getByRole("button", { name: "Remove" }).click();
    await expect(dialog(page)).toBeHidden();
    expect(await kinds(page)).toEqual(["passphrase"]);
    expect(await views.chat(entry)).toContain(key.slice(-4));
  });

  await test.step("and nothing of the key was ever on the page", async () => {
    const heard = await page.evaluate(() => window.views.heard.join("\n"));
    expect(findIn(heard + (await page.content()), secret)).toEqual([]);
  });
});

test("a passkey is added, stays while the passphrase changes, and goes", async ({
  views,
  page,
}) => {
  const authenticator = await Authenticator.plug(page);
  const { key } = demoKey();
  const entry = await views.add(key, { storage: "browser" });
  await views.show("security");
  await addPassphrase(page, GOOD);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await dialog(page).getByLabel("Name of the passkey").fill("Ann");
  await dialog(page).getByLabel("Passphrase now").fill(GOOD);
  await dialog(page).getByRole("button", { name: "Add" }).click();
  await expect(dialog(page)).toBeHidden();
  expect(await kinds(page)).toEqual(["device", "passphrase", "passkey"]);
  expect(await authenticator.credentials()).toHaveLength(1);

  await page.getByRole("button", { name: "Change…" }).click();
  await dialog(page).getByLabel("Passphrase now").fill(GOOD);
  await dialog(page).getByLabel("New passphrase").fill(BETTER);
  await dialog(page).getByLabel("Once more").fill(BETTER);
  await expect(dialog(page)).toContainText("your browser asks for it");
  await dialog(page).getByRole("button", { name: "Change", exact: true }).click();
  await expect(dialog(page)).toBeHidden();
  expect((await kinds(page))?.sort()).toEqual(["device", "passkey", "passphrase"]);

  const opens = (secret: object) =>
    page.evaluate(async (secret) => {
      const { vault } = window.views;
      vault?.lock();
      const passkey = vault?.slots.find(({ kind }) => kind === "passkey")?.id ?? "";
      const given = "passkey" in secret ? { passkey } : (secret as { passphrase: string });
      return vault?.unlock(given).then(
        () => "",
        ({ code }) => code,
      );
    }, secret);
  expect(await opens({ passphrase: GOOD })).toBe("wrong_secret");
  expect(await opens({ passphrase: BETTER })).toBe("");
  expect(await opens({ passkey: true })).toBe("");
  expect(await views.chat(entry)).toContain(key.slice(-4));

  // Shown by the passkey this time, which is asked for and not typed.
  await page.getByRole("button", { name: "Make a recovery code" }).click();
  await dialog(page).getByLabel("Show it by").selectOption({ label: "Passkey" });
  await dialog(page).getByRole("button", { name: "Make the code" }).click();
  await dialog(page).getByLabel("I have it in a safe place").check();
  await dialog(page).getByRole("button", { name: "Done" }).click();

  await page.getByRole("button", { name: "Remove: Passkey" }).click();
  await dialog(page).getByLabel("Passphrase now").fill(BETTER);
  await dialog(page).getByRole("button", { name: "Let it go too" }).last().click();
  await dialog(page).getByRole("button", { name: "Remove" }).click();
  await expect(dialog(page)).toBeHidden();
  expect((await kinds(page))?.sort()).toEqual(["device", "passphrase"]);
  await expect.poll(async () => (await authenticator.credentials()).length).toBe(0);
});

test("keys go to another browser as a file: by its passphrase alone, with a word on each", async ({
  views,
  page,
  ground,
  browser,
}) => {
  const [one, two] = [demoKey(), demoKey()];
  await views.add(one.key, { storage: "browser", label: "one" });
  const entry = await views.add(two.key, { storage: "browser", label: "two" });
  await views.show("security");
  await addPassphrase(page, GOOD);
  await page.getByRole("button", { name: "Export…" }).click();
  await expect(dialog(page)).toContainText("2 keys go into a file");
  await dialog(page).getByLabel("Passphrase now").fill(GOOD);
  await dialog(page).getByLabel("Passphrase of the file").fill(BETTER);
  await dialog(page).getByLabel("Once more").fill(BETTER);
  const saved = page.waitForEvent("download");
  await dialog(page).getByRole("button", { name: "Export" }).click();
  const path = await (await saved).path();
  await expect(dialog(page)).toContainText(/Saved as keyseal-export-.*\.json/);
  await dialog(page).getByRole("button", { name: "Close" }).click();
  const file = readFileSync(path, "utf8");
  for (const { secret } of [one, two]) expect(findIn(file, secret)).toEqual([]);

  const context = await browser.newContext();
  try {
    const there = new Views(ground, await context.newPage(), views.sub);
    await there.open();
    await there.show("security");
    const bring = async (passphrase: string) => {
      await there.page.getByRole("button", { name: "Import…" }).click();
      await dialog(there.page)
        .getByLabel("File", { exact: true })
        .setInputFiles({
          name: "export.json",
          mimeType: "application/json",
          buffer: Buffer.from(file),
        });
      await dialog(there.page).getByLabel("Passphrase of the file").fill(passphrase);
      await dialog(there.page).getByRole("button", { name: "Import" }).click();
    };
    await bring(GOOD);
    await expect(dialog(there.page).getByRole("alert")).toContainText(
      "That does not open the file.",
    );
    await dialog(there.page).getByRole("button", { name: "Cancel" }).click();
    await bring(BETTER);
    const results = dialog(there.page).getByRole("listitem");
    await expect(results).toHaveCount(2);
    await expect(results.first()).toContainText("Imported");
    await expect(dialog(there.page)).toContainText(`…${two.key.slice(-4)}`);
    await dialog(there.page).getByRole("button", { name: "Close" }).click();
    expect(await there.chat(entry)).toContain(two.key.slice(-4));
    await bring(BETTER);
    await expect(results.first()).toContainText("Here already");
  } finally {
    await context.close();
  }
});

test("what is stored where: the records themselves, their headers, and whom keys are sealed to", async ({
  views,
  page,
}) => {
  const [here, there] = [demoKey(), demoKey()];
  await views.add(here.key, { storage: "browser" });
  await views.add(there.key);
  await views.show("security");
  const browser = page.getByRole("region", { name: "This browser" });
  await browser.getByText("encrypted key").click();
  await expect(browser.getByText('"typ":"keyseal-vault+jwe"')).toBeVisible();
  const stored = await page.evaluate(
    () => Object.entries(localStorage).find(([name]) => name.includes(".entry."))?.[1] ?? "none",
  );
  await expect(browser.locator("pre", { hasText: stored.slice(0, 60) })).toBeVisible();
  const companion = page.getByRole("region", { name: "Companion" });
  await companion.getByText("sealed key").click();
  await expect(companion.getByText('"alg":"RSA-OAEP-256"').first()).toBeVisible();
  await page.getByText("Check it yourself").click();
  await expect(page.getByText("/.well-known/jwks.json")).toBeVisible();

  const fingerprint = await page.evaluate(() => window.views.vault?.companion?.fingerprint ?? "");
  const compare = page.getByLabel("Compare");
  await compare.fill(fingerprint.toUpperCase().replaceAll(" ", ":"));
  await expect(page.getByText("The same: keys go to whom you think.")).toBeVisible();
  await compare.fill(`${fingerprint.slice(0, -1)}x`);
  await expect(page.getByText("Not the same.")).toBeVisible();
});

test("a companion of another identity: refused, and pinned by nothing but its fingerprint", async ({
  views,
  page,
  ground,
}) => {
  // The one that this person's browser knows is not the one that answers today.
  const issuer = ground.users.companion.url;
  const [identity, current] = await Promise.all([
    rsaPair("sig", "PS256"),
    rsaPair("enc", "RSA-OAEP-256"),
  ]);
  const published = "**/.well-known/keyseal";
  const known = await wellKnownOf({ issuer, identity, current });
  await page.route(published, (route) =>
    route.fulfill({ json: known, headers: { "access-control-allow-origin": "*" } }),
  );
  await page.evaluate(() => localStorage.clear());
  await views.open();
  const { key } = demoKey();
  const entry = await views.add(key, { storage: "browser" });
  await page.unroute(published);
  await views.open();
  await views.show("security");
  await expect(page.getByRole("alert")).toContainText("keyset_identity");
  await expect(page.getByText("What if it changes?")).toBeVisible();

  const hex = (kid = "") => Buffer.from(kid, "base64url").toString("hex");
  const answer = await fetch(`${issuer}/.well-known/keyseal`);
  const real = (await answer.json()) as { identity: { kid: string } };
  const field = page.getByLabel("The new fingerprint, from the operator");
  await field.fill(hex(identity.jwk.kid));
  await page.getByRole("button", { name: "Trust the new identity" }).click();
  await expect(page.getByRole("alert")).toHaveCount(2);
  await field.fill(hex(real.identity.kid));
  await page.getByRole("button", { name: "Trust the new identity" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(field).toHaveCount(0);
  expect(await views.chat(entry)).toContain(key.slice(-4));
  await views.open();
  expect(await page.evaluate(() => window.views.vault?.problems.length)).toBe(0);
});
