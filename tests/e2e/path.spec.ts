// The whole path with a real browser and the real companion, once for each kind of storage; then
// the search for the key in everything that was written down or sent.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoKey, findIn, findInFolder, randomText } from "../support/canary.mjs";
import { expect, type Stage, test } from "./support/stage.js";
import { dumpStorage, plant } from "./support/storage.js";
import { SecureStore } from "./support/store.js";

for (const storage of ["synced", "browser"] as const) {
  test(`a ${storage} key: paste, test, chat, come back, revoke; and it is found nowhere`, async ({
    stage,
  }) => {
    const { key, secret } = demoKey();
    const control = randomText();
    let store = await open(stage);

    await test.step("a pasted key appears masked, and tests well", async () => {
      await store.add(key, storage, "prod");
      await expect(store.row(key)).toContainText("Valid");
      await expect(store.row(key)).toContainText("prod");
      // The demo provider is the companion itself: nothing is relayed to it, and nothing says so.
      await expect(store.row(key)).not.toContainText("relay");
      expect(await store.everything()).not.toContain(secret);
    });

    await test.step("a chat streams, and reached the provider under this key", () =>
      chats(store, key, control));

    await test.step("after a reload everything still works", async () => {
      await store.page.reload();
      await store.ready();
      await expect(store.row(key)).toContainText("Valid");
      await chats(store, key, "Once more");
    });

    await test.step("after a restart of browser and companion too", async () => {
      await plant(store.page, control);
      await stage.closeBrowser();
      await stage.companion.stop();
      // While the key is in use by nobody, but not yet revoked: everything is on disk.
      expect(findInFolder(stage.profile, secret)).toEqual([]);
      expect(findInFolder(stage.companion.folder, secret)).toEqual([]);
      await stage.companion.start();
      store = await open(stage);
      await chats(store, key, "And again");
    });

    await test.step("revoked, it is gone", async () => {
      await searchBrowser(stage, store, secret, control);
      await store.revoke(key);
      await store.page.reload();
      await store.ready();
      await expect(store.row(key)).toHaveCount(0);
      expect(await store.everything()).not.toContain(key.slice(-4));
    });

    await search(stage, store, secret, control);
  });
}

async function open(stage: Stage): Promise<SecureStore> {
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  expect(store.page.url()).not.toContain("link=");
  return store;
}

async function chats(store: SecureStore, key: string, message: string): Promise<void> {
  const { text, steps } = await store.chat(key, message);
  expect(text).toContain(`a key that ends in ${key.slice(-4)}`);
  expect(text).toContain(message);
  expect(steps, "the answer was seen to grow").toBeGreaterThan(2);
}

/** Where a page can store: what it holds now. */
async function searchBrowser(stage: Stage, store: SecureStore, secret: string, control: string) {
  // Again: some places do not outlive the browser.
  await plant(store.page, control);
  for (const [place, held] of Object.entries(await dumpStorage(store.page))) {
    expect(findIn(held, secret), place).toEqual([]);
    expect(findIn(held, control), `the control in ${place}`).not.toEqual([]);
  }
  expect(findIn(stage.console, secret), "console").toEqual([]);
}

/** Everything that is left when browser and companion have ended, and all that went between. */
async function search(stage: Stage, store: SecureStore, secret: string, control: string) {
  const { companion } = stage;
  // A label is stored as it is written: it is found where the key must not be.
  const other = demoKey();
  await store.add(other.key, "synced", control);
  const requestId = await loggedRequest(store);
  await stage.closeBrowser();
  // The database as a crash leaves it, its write-ahead log included.
  await companion.stop("SIGKILL");
  writeFileSync(join(companion.keysDir, "control"), control);

  const places: Record<string, (text: string) => string[]> = {
    "the browser's profile": (text) => findInFolder(stage.profile, text),
    "the database": (text) => findInFolder(companion.dataDir, text),
    "the keys' folder": (text) => findInFolder(companion.keysDir, text),
    "the traffic": (text) => findIn(stage.proxy.traffic(), text),
  };
  for (const [place, found] of Object.entries(places)) {
    for (const wanted of [secret, other.secret]) expect(found(wanted), place).toEqual([]);
    expect(found(control), `the control in ${place}`).not.toEqual([]);
  }
  const output = companion.stdout + companion.stderr;
  for (const wanted of [secret, other.secret]) expect(findIn(output, wanted)).toEqual([]);
  expect(findIn(companion.stdout, "#link="), "the control on stdout").not.toEqual([]);
  expect(findIn(companion.stderr, requestId), "the control on stderr").not.toEqual([]);
  // Compressed bodies would hide what they hold: only files of the page's own are, the same for everybody.
  const heads =
    stage.proxy
      .traffic()
      .toString("latin1")
      .match(/HTTP\/1\.1 \d{3}(?:.*\r\n)+?\r\n/g) ?? [];
  expect(heads.length).toBeGreaterThan(20);
  const compressed = heads.filter((head) => /\r\ncontent-encoding: /i.test(head));
  expect(compressed.filter((head) => !/\r\ncache-control: .*immutable/i.test(head))).toEqual([]);
}

/** A request of the page's whose id the companion logs. */
async function loggedRequest(store: SecureStore): Promise<string> {
  const answered = store.page.waitForResponse((answer) => answer.url().includes("/api/v1/"));
  await store.page.reload();
  const id = (await answered).headers()["keyseal-request-id"];
  if (!id) throw new Error("the companion's answer has no request id");
  return id;
}
