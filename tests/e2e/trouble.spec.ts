// What goes wrong around the page: it says what happened and what to do, and nothing is lost.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoKey } from "../support/canary.mjs";
import { expect, type Stage, test } from "./support/stage.js";
import { SecureStore } from "./support/store.js";

const NOT_STORED = "Nothing was stored. What you pasted is still in the field.";

async function openStore(stage: Stage): Promise<SecureStore> {
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  return store;
}

test("WebAssembly blocked by the page's policy: said, and the keys are there afterwards", async ({
  stage,
}) => {
  const { key } = demoKey();
  const store = await openStore(stage);
  const { page } = store;
  await store.add(key, "browser");

  await page.route("**/*", async (route) => {
    if (route.request().resourceType() !== "document") return route.continue();
    const response = await route.fetch();
    const headers = response.headers();
    const policy = headers["content-security-policy"] ?? "";
    expect(policy).toContain("'wasm-unsafe-eval'");
    headers["content-security-policy"] = policy.replace("'wasm-unsafe-eval'", "");
    await route.fulfill({ response, headers });
  });
  await page.reload();
  await expect(page.getByRole("heading", { name: "The page could not start" })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("blocks WebAssembly");
  await expect(page.getByRole("alert")).toContainText("wasm_blocked");

  await page.unroute("**/*");
  await page.reload();
  await store.ready();
  await expect(store.row(key)).toBeVisible();
  expect((await store.chat(key, "Still there?")).text).toContain(key.slice(-4));
});

test("signed in by one link in all tabs; a link again, or none, where no tab is", async ({
  stage,
}) => {
  const store = await openStore(stage);
  const again = await stage.companion.link();
  const second = new SecureStore(await stage.context.newPage());
  await second.page.goto(stage.companion.url);
  await second.ready();
  const third = new SecureStore(await stage.context.newPage());
  await third.page.goto(again);
  await third.ready();

  // What a tab was given, it keeps.
  await store.page.close();
  await third.page.close();
  await second.page.reload();
  await second.ready();

  const last = await stage.context.newPage();
  await second.page.close();
  await last.goto(stage.companion.url);
  await expect(last.getByRole("heading", { name: "Open this page by its link" })).toBeVisible();
  await last.goto("about:blank");
  await last.goto(again);
  await expect(last.getByRole("heading", { name: "This link does not work" })).toBeVisible();
  await expect(last.getByText("npm run link")).toBeVisible();
});

test("companion not reachable: the list stays, what was pasted stays, and it goes on by itself", async ({
  stage,
}) => {
  const [synced, browser, added] = [demoKey(), demoKey(), demoKey()];
  const store = await openStore(stage);
  const { page } = store;
  await store.add(synced.key, "synced");
  await store.add(browser.key, "browser");

  await stage.companion.stop();
  const dialog = await store.submit(added.key, "synced");
  await expect(dialog.getByRole("alert")).toContainText("cannot be reached");
  await expect(dialog.getByRole("alert")).toContainText(NOT_STORED);
  await expect(dialog.getByLabel("API key")).toHaveValue("•".repeat(added.key.length));

  await stage.companion.start();
  await dialog.getByRole("button", { name: "Seal and store" }).click();
  await expect(dialog.getByRole("status")).toContainText("accepts this key");
  await dialog.getByRole("button", { name: "Done" }).click();
  for (const { key } of [synced, browser, added]) await expect(store.row(key)).toBeVisible();

  await stage.companion.stop();
  await store
    .row(synced.key)
    .getByRole("button", { name: /^More for / })
    .click();
  await store.row(synced.key).getByRole("menuitem", { name: "Test now" }).click();
  await expect(page.getByRole("alert")).toContainText("cannot be reached");
  for (const { key } of [synced, browser, added]) await expect(store.row(key)).toBeVisible();

  await stage.companion.start();
  // What a row said of it is no longer so.
  await expect(page.getByRole("alert")).toHaveCount(0, { timeout: 30_000 });
  const companion = page.getByRole("banner").getByRole("img", { name: /^Companion / });
  await expect(companion).toHaveAccessibleName(/: connected$/);
  await stage.context.setOffline(true);
  await expect(companion).toHaveAccessibleName(/: not reachable$/);
  await stage.context.setOffline(false);
  await expect(companion).toHaveAccessibleName(/: connected$/);
  expect((await store.chat(browser.key, "Back again?")).text).toContain(browser.key.slice(-4));
});

test("a view whose code does not come says so, and comes when asked again", async ({ stage }) => {
  const page = await stage.openBrowser();
  const code = "**/assets/activity-view-*.js";
  const asked: string[] = [];
  await page.route(code, (route) => {
    asked.push(route.request().url());
    return route.abort();
  });
  await page.goto(await stage.companion.link());
  await new SecureStore(page).ready();
  await page.getByRole("navigation").getByRole("link", { name: "Activity" }).click();
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("This view could not be loaded.");
  expect(asked).not.toEqual([]);
  await page.getByRole("navigation").getByRole("link", { name: "Keys" }).click();
  await new SecureStore(page).ready();
  await expect(alert).toHaveCount(0);

  await page.getByRole("navigation").getByRole("link", { name: "Activity" }).click();
  await expect(alert).toBeVisible();
  await page.unroute(code);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "Activity", level: 1 })).toBeVisible();
});

test("storage blocked: keys on all devices work, and the page says what does not last", async ({
  stage,
}) => {
  // As when somebody blocks all site data in Chromium's settings.
  mkdirSync(join(stage.profile, "Default"), { recursive: true });
  writeFileSync(
    join(stage.profile, "Default", "Preferences"),
    JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
  );
  const [synced, browser] = [demoKey(), demoKey()];
  const store = await openStore(stage);
  const { page } = store;
  const blocked = await page.evaluate(() => {
    try {
      return !localStorage;
    } catch {
      return true;
    }
  });
  expect(blocked, "the browser blocks storage").toBe(true);
  await expect(page.getByText("This browser stores nothing")).toBeVisible();

  await store.add(synced.key, "synced");
  await store.add(browser.key, "browser");
  for (const { key } of [synced, browser]) {
    expect((await store.chat(key, "Without storage")).text).toContain(key.slice(-4));
  }

  await stage.closeBrowser();
  await stage.companion.stop();
  await stage.companion.start();
  const again = await openStore(stage);
  await expect(again.row(synced.key)).toBeVisible();
  await expect(again.row(browser.key)).toHaveCount(0);
});

test("storage full: the new key is refused and kept in the field, the old ones are unharmed", async ({
  stage,
}) => {
  const [old, added] = [demoKey(), demoKey()];
  const store = await openStore(stage);
  const { page } = store;
  await store.add(old.key, "browser");
  await page.evaluate(() => {
    // Halving the piece until not one more character fits.
    let count = 0;
    for (let size = 1 << 22; size >= 1; size >>= 1) {
      try {
        for (;;) {
          localStorage.setItem(`filler-${count}`, "x".repeat(size));
          count += 1;
        }
      } catch {}
    }
  });

  const dialog = await store.submit(added.key, "browser");
  await expect(dialog.getByRole("alert")).toContainText("storage_full");
  await expect(dialog.getByRole("alert")).toContainText(NOT_STORED);
  await expect(dialog.getByLabel("API key")).toHaveValue("•".repeat(added.key.length));

  await page.evaluate(() => {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith("filler-")) localStorage.removeItem(name);
    }
  });
  await dialog.getByRole("button", { name: "Seal and store" }).click();
  await expect(dialog.getByRole("status")).toContainText("accepts this key");
  await dialog.getByRole("button", { name: "Done" }).click();

  await page.reload();
  await store.ready();
  for (const { key } of [old, added]) {
    expect((await store.chat(key, "Still there?")).text).toContain(key.slice(-4));
  }
});

test("a companion with other keys is refused, by both fingerprints; with its own again all is well", async ({
  stage,
}) => {
  const [synced, browser, added] = [demoKey(), demoKey(), demoKey()];
  const { companion } = stage;
  let store = await openStore(stage);
  await store.add(synced.key, "synced");
  await store.add(browser.key, "browser");
  const known = await identity(stage);
  await stage.closeBrowser();

  // Another companion takes its place at the same address: other keys, and nothing stored.
  const folders = [companion.keysDir, companion.dataDir];
  await companion.stop();
  for (const folder of folders) renameSync(folder, `${folder}.own`);
  await companion.start();
  const other = await identity(stage);
  expect(other).not.toBe(known);
  store = await openStore(stage);
  for (const thumbprint of [known, other]) {
    await expect(store.page.getByText(thumbprint)).toBeVisible();
  }
  for (const storage of ["synced", "browser"] as const) {
    const dialog = await store.submit(added.key, storage);
    await expect(dialog.getByRole("alert")).toContainText("keyset_identity");
    await expect(dialog.getByLabel("API key")).toHaveValue("•".repeat(added.key.length));
    await dialog.getByRole("button", { name: "Cancel" }).click();
  }
  await expect(store.row(browser.key)).toBeVisible();
  await stage.closeBrowser();

  await companion.stop();
  for (const folder of folders) {
    renameSync(folder, `${folder}.other`);
    renameSync(`${folder}.own`, folder);
  }
  await companion.start();
  store = await openStore(stage);
  for (const { key } of [synced, browser]) {
    await expect(store.row(key)).toBeVisible();
    expect((await store.chat(key, "Back again?")).text).toContain(key.slice(-4));
  }
});

/** The thumbprint of the key that the companion signs with. */
async function identity({ companion }: Stage): Promise<string> {
  const answer = await fetch(`${companion.url}/.well-known/keyseal`);
  const { identity } = (await answer.json()) as { identity: { kid: string } };
  return identity.kid;
}
