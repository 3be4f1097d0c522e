// Passkeys with the browser's virtual authenticator, through the wasm module that the package ships.

import { test as base, chromium, expect, type Page } from "@playwright/test";
import { demoKey, findIn } from "../support/canary.mjs";
import { entryId, rsaPair, wellKnownOf } from "../support/jose.mjs";
import { Authenticator } from "./support/authenticator.js";
import { barePage } from "./support/bare.js";
import { dumpStorage } from "./support/storage.js";

const issuer = "https://keys.example.com";
const PASSPHRASE = "correct horse battery";

/** A vault with one browser-only key on a page of its own. */
class Bench {
  readonly key = demoKey().key;
  readonly rid = entryId();

  private constructor(
    readonly page: Page,
    readonly wellKnown: object,
  ) {}

  static async set(page: Page, memory = false): Promise<Bench> {
    const [identity, current] = await Promise.all([
      rsaPair("sig", "PS256"),
      rsaPair("enc", "RSA-OAEP-256"),
    ]);
    const bench = new Bench(page, await wellKnownOf({ issuer, identity, current }));
    await bench.open(memory);
    if (memory) return bench;
    await page.evaluate(([key, rid]) => window.core.addBrowser(key, { rid, provider: "demo" }), [
      bench.key,
      bench.rid,
    ] as const);
    return bench;
  }

  /** The vault as the page finds it when it is opened, or opened again. */
  async open(memory = false): Promise<void> {
    await this.page.evaluate(
      async ([issuer, wellKnown, memory]) => {
        const wasm: Wasm = await import(new URL("/dist/wasm/keyseal.js", location.href).href);
        const module_or_path = new URL("/dist/wasm/keyseal_bg.wasm", location.href);
        await wasm.default({ module_or_path });
        window.core = await wasm.VaultCore.open({ issuer, sub: "user-1", memory });
        window.core.acceptKeyset(wellKnown, undefined);
      },
      [issuer, this.wellKnown, memory] as const,
    );
  }

  /** As if the tab had been closed; `evicted`: and the browser had dropped its keys. */
  async reload({ evicted = false } = {}): Promise<void> {
    if (evicted) {
      await this.page.evaluate(async () => {
        for (const { name = "" } of await indexedDB.databases()) {
          await new Promise((done) => {
            indexedDB.deleteDatabase(name).onsuccess = done;
          });
        }
      });
    }
    await this.page.reload();
    await this.open();
  }

  addPasskey(proof?: object): Promise<string> {
    return this.code((given) => window.core.addPasskey("Ann", given), proof);
  }

  unlock(secret: object): Promise<string> {
    return this.code((given) => window.core.unlock(given), secret);
  }

  lock(): Promise<void> {
    return this.page.evaluate(() => window.core.lock());
  }

  slots(): Promise<{ id: string; kind: string }[]> {
    return this.page.evaluate(() => window.core.slots());
  }

  kinds(): Promise<string[]> {
    return this.slots().then((slots) => slots.map(({ kind }) => kind));
  }

  async slot(kind: string): Promise<string> {
    return (await this.slots()).find((slot) => slot.kind === kind)?.id ?? "";
  }

  /** Whether the key can be used now. */
  async used(): Promise<boolean> {
    const request = { method: "POST", path: "/forward/demo/v1/chat/completions", token: "t" };
    const code = await this.code(({ rid, request }) => window.core.requestHeaders(rid, request), {
      rid: this.rid,
      request,
    });
    return code === "";
  }

  /** The code of what was thrown, which must be an error of ours with words for a person; or nothing. */
  code<T>(work: (given: T) => Promise<unknown>, given: T): Promise<string> {
    return this.page.evaluate(
      async ([source, given]) => {
        try {
          // biome-ignore lint/security/noGlobalEval: the function comes from the test
          await eval(`(${source})`)(given);
          return "";
        } catch (thrown) {
          const { name, message, code, next } = thrown as Record<string, string>;
          if (!(thrown instanceof Error) || name !== "KeysealError" || !message || !next) {
            return `no error of ours: ${String(thrown)}`;
          }
          return code ?? "";
        }
      },
      [work.toString(), given] as [string, unknown],
    );
  }
}

type Wasm = typeof import("../../pkg/dist/wasm/keyseal.js");
type Core = Awaited<ReturnType<Wasm["VaultCore"]["open"]>>;
declare global {
  interface Window {
    // biome-ignore lint/suspicious/noExplicitAny: tests call it with wrong arguments too
    core: Core & Record<"unlock" | "addPasskey" | "keepSlots", (...given: any[]) => Promise<void>>;
  }
}

const test = base.extend<{ page: Page }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
  page: async ({}, use) => {
    const site = await barePage();
    const browser = await chromium.launch({
      executablePath: process.env.CHROME,
      chromiumSandbox: process.getuid?.() !== 0,
      args: ["--disable-gpu", "--disable-background-networking"],
    });
    const page = await browser.newPage();
    await page.goto(site.url);
    await use(page);
    await browser.close();
    await site.close();
  },
});

test("a passkey opens what was locked, after a reload, and where the device lost its key", async ({
  page,
}) => {
  const authenticator = await Authenticator.plug(page);
  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("");
  expect(await bench.kinds()).toEqual(["device", "passkey"]);
  expect(await authenticator.credentials()).toHaveLength(1);
  const passkey = await bench.slot("passkey");

  await bench.lock();
  expect(await bench.used()).toBe(false);
  expect(await bench.unlock({ passkey })).toBe("");
  expect(await bench.used()).toBe(true);

  await bench.reload({ evicted: true });
  expect(await page.evaluate(() => window.core.unlocked)).toBe(false);
  expect(await bench.used()).toBe(false);
  expect(await bench.unlock({ passkey })).toBe("");
  expect(await bench.used()).toBe(true);
});

test("the PRF output stands nowhere in what the page stores", async ({ page }) => {
  await Authenticator.plug(page);
  const outputs: string[] = [];
  await page.exposeFunction("seen", (hex: string) => outputs.push(hex));
  await page.evaluate(() => {
    // What the authenticator answers, as a page's own script can see it.
    for (const name of ["create", "get"] as const) {
      const asked = navigator.credentials[name].bind(navigator.credentials);
      navigator.credentials[name] = async (options?: object) => {
        const answer = (await asked(options)) as PublicKeyCredential;
        const first = answer.getClientExtensionResults().prf?.results?.first as ArrayBuffer;
        const hex = Array.from(new Uint8Array(first), (byte) => byte.toString(16).padStart(2, "0"));
        await (window as unknown as { seen(hex: string): Promise<void> }).seen(hex.join(""));
        return answer;
      };
    }
  });
  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("");
  await bench.lock();
  expect(await bench.unlock({ passkey: await bench.slot("passkey") })).toBe("");
  expect(outputs).toHaveLength(2);
  expect(outputs[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(outputs[1]).toBe(outputs[0]);
  const secret = Buffer.from(outputs[0] ?? "", "hex").toString("latin1");
  const stored = () => dumpStorage(page).then((all) => Buffer.from(JSON.stringify(all), "latin1"));
  const found = (haystack: Buffer) => [
    ...findIn(haystack, outputs[0] ?? ""),
    ...["base64", "base64url", "hex"].filter((form) =>
      haystack.includes(
        Buffer.from(secret, "latin1")
          .toString(form as BufferEncoding)
          .slice(0, 40),
      ),
    ),
  ];
  expect(found(await stored())).toEqual([]);
  await page.evaluate((hex) => localStorage.setItem("control", hex), outputs[0] ?? "");
  expect(found(await stored())).not.toEqual([]);
});

test("an authenticator that evaluates only when asked again is asked again", async ({ page }) => {
  const authenticator = await Authenticator.plug(page);
  const bench = await Bench.set(page);
  await page.evaluate(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = async (options) => {
      const made = (await create(options)) as PublicKeyCredential;
      made.getClientExtensionResults = () => ({ prf: { enabled: true } });
      return made;
    };
  });
  expect(await bench.addPasskey()).toBe("");
  expect((await authenticator.credentials())[0]?.signCount).toBe(2);
  await bench.reload({ evicted: true });
  expect(await bench.unlock({ passkey: await bench.slot("passkey") })).toBe("");
  expect(await bench.used()).toBe(true);
});

test("a passkey that was removed opens nothing, and the others still do", async ({ page }) => {
  const authenticator = await Authenticator.plug(page);
  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("");
  const passkey = await bench.slot("passkey");
  // The next way in needs one of the others now: the passkey counts.
  expect(await bench.addPasskey()).toBe("wrong_secret");
  expect(await bench.addPasskey({ passkey })).toBe("");
  expect(await bench.kinds()).toEqual(["device", "passkey", "passkey"]);
  const stays = (await bench.slots())[2]?.id ?? "";
  const device = await bench.slot("device");
  const before = await page.evaluate(() => window.core.rawRecords().map(({ value }) => value));

  const kept = [{ slot: device }, { slot: stays, passkey: stays }];
  expect(await bench.code((kept) => window.core.keepSlots(kept), kept)).toBe("");
  expect(await bench.kinds()).toEqual(["device", "passkey"]);
  const after = await page.evaluate(() => window.core.rawRecords().map(({ value }) => value));
  expect(after.filter((value) => before.includes(value))).toEqual([]);
  expect(await bench.used()).toBe(true);
  await expect.poll(async () => (await authenticator.credentials()).length).toBe(1);

  await bench.reload({ evicted: true });
  expect(await bench.unlock({ passkey })).toBe("wrong_secret");
  expect(await bench.unlock({ passkey: await bench.slot("passkey") })).toBe("");
  expect(await bench.used()).toBe(true);
});

test("another authenticator, or one that was cleared, is refused and the vault stays as it is", async ({
  page,
}) => {
  const authenticator = await Authenticator.plug(page);
  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("");
  const passkey = await bench.slot("passkey");
  await bench.lock();
  const records = await page.evaluate(() => JSON.stringify(window.core.rawRecords()));
  await impatient(page);

  await authenticator.unplug();
  const other = await Authenticator.plug(page);
  expect(await bench.unlock({ passkey })).toBe("passkey_refused");
  await other.unplug();
  expect(await bench.used()).toBe(false);
  expect(await page.evaluate(() => JSON.stringify(window.core.rawRecords()))).toBe(records);
  expect(await bench.unlock({ passkey: "no such slot" })).toBe("wrong_secret");
});

test("a stored slot that names another passkey does not open by it", async ({ page }) => {
  await Authenticator.plug(page);
  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("");
  const first = await bench.slot("passkey");
  expect(await bench.addPasskey({ passkey: first })).toBe("");
  // The first slot with the second's credential: it is a good one, of the same authenticator.
  await page.evaluate(() => {
    const name = Object.keys(localStorage).find((name) => name.endsWith(".vault")) ?? "";
    const header = JSON.parse(localStorage.getItem(name) ?? "");
    header.slots[1].with.credential = header.slots[2].with.credential;
    localStorage.setItem(name, JSON.stringify(header));
  });
  await bench.reload({ evicted: true });
  expect(await bench.unlock({ passkey: first })).toBe("wrong_secret");
  const second = (await bench.slots())[2]?.id;
  expect(await bench.unlock({ passkey: second })).toBe("");
});

test("a person who cancels, or is not verified, has added nothing", async ({ page }) => {
  const authenticator = await Authenticator.plug(page);
  const bench = await Bench.set(page);
  await impatient(page);
  const records = await page.evaluate(() => JSON.stringify(window.core.rawRecords()));

  await authenticator.verifies(false);
  expect(await bench.addPasskey()).toBe("passkey_refused");
  await authenticator.verifies(true);
  await authenticator.unplug();
  const untouched = await Authenticator.plug(page, { automaticPresenceSimulation: false });
  expect(await bench.addPasskey()).toBe("passkey_refused");
  await untouched.unplug();
  const unverifying = await Authenticator.plug(page, { hasUserVerification: false });
  expect(await bench.addPasskey()).toBe("passkey_refused");
  await unverifying.unplug();
  expect(await page.evaluate(() => JSON.stringify(window.core.rawRecords()))).toBe(records);

  // The same person, who then does it: the refusals left nothing in the way.
  const last = await Authenticator.plug(page);
  expect(await bench.addPasskey()).toBe("");
  const passkey = await bench.slot("passkey");
  await bench.lock();
  expect(await bench.unlock({ passkey })).toBe("");
  await bench.lock();
  await last.verifies(false);
  expect(await bench.unlock({ passkey })).toBe("passkey_refused");
  expect(await bench.used()).toBe(false);
});

test("an authenticator without PRF is named, and keeps no passkey that opens nothing", async ({
  page,
}) => {
  const authenticator = await Authenticator.plug(page, { hasPrf: false });
  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("passkey_without_prf");
  expect(await bench.kinds()).toEqual(["device"]);
  await expect.poll(() => authenticator.credentials()).toEqual([]);
  expect(await bench.used()).toBe(true);
  // Once it is asked again, where it did not say so at first.
  await page.evaluate(() => {
    const create = navigator.credentials.create.bind(navigator.credentials);
    navigator.credentials.create = async (options) => {
      const made = (await create(options)) as PublicKeyCredential;
      made.getClientExtensionResults = () => ({});
      return made;
    };
  });
  expect(await bench.addPasskey()).toBe("passkey_without_prf");
  expect(await bench.kinds()).toEqual(["device"]);
  await expect.poll(() => authenticator.credentials()).toEqual([]);
});

test("where the page may have no passkeys, the error says so", async ({ page }) => {
  const bench = await Bench.set(page);
  await page.evaluate(() => {
    Object.defineProperty(navigator, "credentials", { value: undefined });
  });
  expect(await bench.addPasskey()).toBe("passkey_unavailable");
});

test("a passkey is never the only way in, and the person is not asked for one in vain", async ({
  page,
}) => {
  const authenticator = await Authenticator.plug(page);
  const memory = await Bench.set(page, true);
  expect(await memory.addPasskey()).toBe("last_slot");
  expect(await authenticator.credentials()).toEqual([]);

  const bench = await Bench.set(page);
  expect(await bench.addPasskey()).toBe("");
  const passkey = await bench.slot("passkey");
  // Whoever cannot show it takes it away neither: the next change would need no proof.
  const device = [{ slot: await bench.slot("device") }];
  expect(await bench.code((kept) => window.core.keepSlots(kept), device)).toBe("wrong_secret");
  const alone = [{ slot: passkey, passkey }];
  expect(await bench.code((kept) => window.core.keepSlots(kept), alone)).toBe("last_slot");
  expect(await bench.kinds()).toEqual(["device", "passkey"]);
  expect(await bench.used()).toBe(true);
  expect(await authenticator.credentials()).toHaveLength(1);

  // With a passphrase beside it the device's own slot may go.
  await page.evaluate(
    ([passphrase, passkey]) => window.core.addPassphrase(passphrase, { passkey }),
    [PASSPHRASE, passkey] as const,
  );
  const passphrase = { slot: await bench.slot("passphrase"), passphrase: PASSPHRASE };
  expect(await bench.code((kept) => window.core.keepSlots(kept), [...alone, passphrase])).toBe("");
  await bench.reload();
  expect(await page.evaluate(() => window.core.unlocked)).toBe(false);
  expect(await bench.unlock({ passkey: await bench.slot("passkey") })).toBe("");
  expect(await bench.used()).toBe(true);
});

/** A page whose passkey questions end soon, as if the person had turned away. */
function impatient(page: Page): Promise<void> {
  return page.evaluate(() => {
    for (const name of ["create", "get"] as const) {
      const ask = navigator.credentials[name].bind(navigator.credentials);
      navigator.credentials[name] = (options?: { publicKey?: object }) =>
        ask({ publicKey: { ...options?.publicKey, timeout: 1500 } } as object);
    }
  });
}
