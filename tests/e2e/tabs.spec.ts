// Several tabs of one vault: they write at the same time, and nothing is lost; what one does, the others see.

import type { Page } from "@playwright/test";
import { demoKey } from "../support/canary.mjs";
import { expect, test } from "./support/stage.js";
import { addHere, Bare, use } from "./support/tab.js";

const PASSPHRASE = "correct horse battery staple";

const keys = (count: number) => Array.from({ length: count }, () => demoKey().key);

/** Waits until a tab sees what it should. */
function sees(page: Page, what: () => boolean | Promise<boolean>): Promise<void> {
  return expect.poll(() => page.evaluate(what)).toBe(true);
}

const unlocked = (page: Page) => page.evaluate(() => vault.unlocked);

/** Both add their first keys at once. All of them can be used in both, so there is one vault key. */
async function raceForTheFirstKey(bare: Bare, rounds: number): Promise<void> {
  const tabs = [await bare.tab(), await bare.tab()];
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(tabs.map((tab) => bare.open(tab)));
    const pasted = tabs.map(() => keys(4));
    const ids = await Promise.all(
      tabs.map((tab, at) =>
        tab.evaluate(
          (keys) =>
            Promise.all(
              keys.map(async (key) => {
                const entry = await vault.add(key, { provider: "demo", storage: "browser" });
                return entry.id;
              }),
            ),
          pasted[at] ?? [],
        ),
      ),
    );
    expect(await vaultsOf(tabs[0] as Page)).toBe(1);
    for (const tab of tabs) {
      for (const [at, id] of ids.flat().entries()) {
        expect(await use(tab, id)).toContain((pasted.flat()[at] ?? "").slice(-4));
      }
    }
    await (tabs[0] as Page).evaluate(async () => {
      localStorage.clear();
      await new Promise((done) => {
        indexedDB.deleteDatabase("keyseal").onsuccess = done;
      });
    });
  }
}

/** How many vault keys the records of this browser were encrypted under. */
function vaultsOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const kids = vault
      .records()
      .filter(({ name }) => name.includes(".entry."))
      .map(({ value }) => JSON.parse(atob(JSON.parse(value).jwe.split(".")[0])).kid);
    return new Set(kids).size;
  });
}

test("two tabs that both make the first vault key end up with one", async ({ stage }) => {
  await raceForTheFirstKey(await Bare.set(stage), 3);
});

test("the same where the browser has no Web Locks", async ({ stage }) => {
  const bare = await Bare.set(stage);
  await stage.context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
  });
  await raceForTheFirstKey(bare, 1);
});

test("one tab replaces a key while another relabels it: the last key and the last label stay", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  const pasted = keys(12);
  const id = await addHere(one, pasted[0] ?? "");
  await expect.poll(() => two.evaluate(() => vault.entries.length)).toBe(1);
  await Promise.all([
    one.evaluate(
      async ({ id, pasted }) => {
        for (const key of pasted) await vault.replace(id, key);
      },
      { id, pasted },
    ),
    two.evaluate(async (id) => {
      for (let at = 0; at < 30; at += 1) await vault.update(id, { label: `label ${at}` });
    }, id),
  ]);
  for (const tab of [one, two]) {
    expect(await use(tab, id)).toContain(pasted.at(-1)?.slice(-4));
    await expect.poll(() => tab.evaluate(() => vault.entries[0]?.label)).toBe("label 29");
  }
});

test("slots that two tabs add at once all open the vault", async ({ stage }) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  await addHere(one, demoKey().key);
  await addPassphrase(one);
  const codes = await Promise.all(
    [one, two].map((tab) =>
      tab.evaluate(async (passphrase) => {
        const inside = doors.insideOf(vault);
        const code = (await inside.makeRecoveryCode?.({ passphrase })) as string;
        await inside.keepRecoveryCode?.();
        return code;
      }, PASSPHRASE),
    ),
  );
  for (const tab of [one, two]) {
    await sees(tab, () => vault.slots.length === 4);
    for (const recoveryCode of codes) {
      await tab.evaluate(async (recoveryCode) => {
        vault.lock();
        await vault.unlock({ recoveryCode });
      }, recoveryCode);
      expect(await unlocked(tab)).toBe(true);
    }
  }
});

test("what one tab adds, changes and revokes, the other lists, in both storages", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  for (const storage of ["browser", "synced"] as const) {
    const id = await one.evaluate(
      async ({ key, storage }) => {
        const entry = await vault.add(key, { provider: "demo", storage });
        return entry.id;
      },
      { key: demoKey().key, storage },
    );
    await sees(two, () => vault.entries.length === 1);
    await one.evaluate((id) => vault.update(id, { label: "mine" }), id);
    await sees(two, () => vault.entries[0]?.label === "mine");
    await one.evaluate((id) => vault.revoke(id), id);
    await sees(two, () => vault.entries.length === 0);
  }
});

test("locked in one tab: locked in all, over a reload too, until one of them unlocks", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  const id = await addHere(one, demoKey().key);
  await sees(two, () => vault.entries.length === 1);
  await one.evaluate(() => vault.lock());
  await sees(two, () => !vault.unlocked);
  for (const tab of [one, two]) expect(await use(tab, id)).toBe("vault_locked");

  await bare.open(two);
  expect(await unlocked(two)).toBe(false);
  expect(await use(two, id)).toBe("vault_locked");

  // The device's slot unlocks when it is asked to, and then in the other tab as well.
  await two.evaluate(() => vault.unlock());
  expect(await use(two, id)).toContain("Hello");
  await sees(one, () => vault.unlocked);
  expect(await use(one, id)).toContain("Hello");

  // Also by one that was closed before: its record says it, where it has no channel any more.
  await one.evaluate(() => {
    vault.close();
    vault.lock();
  });
  await sees(two, () => !vault.unlocked);
});

test("auto-lock: use in one tab keeps the others open; all lock when nobody uses it", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  await stage.context.clock.install();
  const [one, two] = [await bare.tab(), await bare.tab()];
  const id = await addHere(one, demoKey().key);
  await one.evaluate(() => {
    vault.autoLockMinutes = 10;
  });
  await sees(two, () => vault.autoLockMinutes === 10);
  for (let times = 0; times < 3; times += 1) {
    await stage.context.clock.fastForward("06:00");
    expect(await use(one, id)).toContain("Hello");
  }
  expect(await unlocked(two)).toBe(true);
  await stage.context.clock.fastForward("11:00");
  for (const tab of [one, two]) await sees(tab, () => !vault.unlocked);
});

test("the vault key is changed in one tab: the other goes on with the new one, by its device", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  const pasted = demoKey().key;
  const id = await addHere(one, pasted);
  await addPassphrase(one);
  await sees(two, () => vault.slots.length === 2);
  await keepSlots(one, ["device", "passphrase"]);
  expect(await use(two, id)).toContain(pasted.slice(-4));
  const added = await addHere(two, demoKey().key);
  expect(await use(one, added)).toContain("Hello");
  expect(await vaultsOf(one)).toBe(1);
});

test("without a slot of the device, the other tab says that it is locked, and opens by the new secret", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  const id = await addHere(one, demoKey().key);
  await addPassphrase(one);
  await sees(two, () => vault.slots.length === 2);
  await keepSlots(one, ["passphrase"]);
  await sees(two, () => !vault.unlocked && vault.slots.length === 1);
  expect(await use(two, id)).toBe("vault_locked");
  await two.evaluate((passphrase) => vault.unlock({ passphrase }), PASSPHRASE);
  expect(await use(two, id)).toContain("Hello");
  // And the device may be let in again.
  await two.evaluate(
    (passphrase) => doors.insideOf(vault).addDevice?.({ passphrase }) as Promise<void>,
    PASSPHRASE,
  );
  await bare.open(one);
  expect(await use(one, id)).toContain("Hello");
});

test("given up in one tab: the other says that the key is lost, and what is entered there serves both", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  const id = await addHere(one, demoKey().key);
  await sees(two, () => vault.entries.length === 1);
  await one.evaluate(async () => {
    vault.lock();
    await vault.startOver();
  });
  await sees(two, () => vault.problems.some(({ code }) => code === "vault_key_lost"));
  const again = demoKey().key;
  await two.evaluate(({ id, key }) => vault.replace(id, key), { id, key: again });
  await sees(one, () => vault.problems.length === 0);
  for (const tab of [one, two]) expect(await use(tab, id)).toContain(again.slice(-4));
});

test("a change queued in one tab is sent once, whichever tab is the first to reach the companion", async ({
  stage,
}) => {
  const bare = await Bare.set(stage);
  const [one, two] = [await bare.tab(), await bare.tab()];
  const id = await one.evaluate(
    async (key) => (await vault.add(key, { provider: "demo" })).id,
    demoKey().key,
  );
  await sees(two, () => vault.entries.length === 1);
  await stage.companion.stop("SIGKILL");
  await one.evaluate((id) => vault.update(id, { label: "from one" }), id);
  await sees(two, () => vault.entries[0]?.pending === "update");
  await two.evaluate((id) => vault.update(id, { isActive: false }), id);
  await stage.companion.start();
  await Promise.all([one, two].map((tab) => tab.evaluate(() => vault.refresh())));
  for (const tab of [one, two]) {
    await sees(tab, () => vault.entries[0]?.pending === null);
    const entry = await tab.evaluate(() => vault.entries[0]);
    expect([entry?.label, entry?.isActive]).toEqual(["from one", false]);
  }
});

test("the browser is online again: what waits is sent by itself", async ({ stage }) => {
  const bare = await Bare.set(stage);
  const page = await bare.tab();
  await page.evaluate(async (key) => {
    await vault.add(key, { provider: "demo" });
  }, demoKey().key);
  await stage.context.setOffline(true);
  await page.evaluate(() => vault.update(vault.entries[0]?.id ?? "", { label: "on the train" }));
  const waits = () => page.evaluate(() => vault.entries[0]?.pending);
  expect(await waits()).toBe("update");
  await stage.context.setOffline(false);
  await expect.poll(waits).toBe(null);
  const again = await bare.tab({ memory: true });
  expect(await again.evaluate(() => vault.entries[0]?.label)).toBe("on the train");
});

function addPassphrase(page: Page): Promise<void> {
  return page.evaluate(
    (passphrase) => doors.insideOf(vault).addPassphrase?.(passphrase) as Promise<void>,
    PASSPHRASE,
  );
}

/** Makes a new vault key, and keeps these kinds of slots. */
function keepSlots(page: Page, kinds: string[]): Promise<void> {
  return page.evaluate(
    ({ kinds, passphrase }) => {
      const kept = vault.slots
        .filter(({ kind }) => kinds.includes(kind))
        .map(({ id, kind }) => ({
          slot: id,
          ...(kind === "device" ? {} : { with: { passphrase } }),
        }));
      return doors.insideOf(vault).keepSlots?.(kept, { passphrase }) as Promise<void>;
    },
    { kinds, passphrase: PASSPHRASE },
  );
}
