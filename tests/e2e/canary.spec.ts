// Every member of the package is called on an unlocked vault, and the keys in it are looked for in
// all that comes of it. The members are read from the declarations, so that a new one cannot be
// forgotten; each place that is searched has a text planted in it that has to be found there.

import { readFileSync, rmSync } from "node:fs";
import { test as base, expect, type Page } from "@playwright/test";
import { demoKey, findIn, randomText } from "../support/canary.mjs";
import { launch } from "../support/chromium.mjs";
import { freePort } from "../support/companion.mjs";
import { recordingProxy } from "../support/proxy.mjs";
import { companionForUsers } from "../support/users.mjs";
import { Authenticator } from "./support/authenticator.js";
import { barePage } from "./support/bare.js";
import { membersOf } from "./support/members.js";
import { dumpStorage, plant } from "./support/storage.js";
import { keepMemories, prepareWalk } from "./support/walk.js";

const manifest = JSON.parse(
  readFileSync(new URL("../../pkg/package.json", import.meta.url), "utf8"),
);

const MODULES = {
  index: membersOf("index.d.ts"),
  oauth: membersOf("oauth/index.d.ts"),
  relay: membersOf("relay/index.d.ts"),
  server: membersOf("server/index.d.ts"),
  inside: membersOf("vault/inside.d.ts", ["Inside"]),
  wasm: membersOf("wasm/keyseal.d.ts"),
};

/** A page with the package, a companion, and between them a proxy that records. */
const test = base.extend<{ scene: Scene }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
  scene: async ({}, use) => {
    const site = await barePage();
    const port = await freePort();
    const proxy = await recordingProxy(port);
    const users = await companionForUsers({
      port,
      publicPort: proxy.port,
      env: { KEYSEAL__CORS__ORIGINS: site.url, KEYSEAL__LIMITS__UPLOADS_PER_MINUTE: "600" },
    });
    const browser = await launch();
    const page = await browser.newPage();
    await page.addInitScript(keepMemories);
    const scene: Scene = { page, users, proxy, console: "", requests: "" };
    page.on("console", (message) => {
      scene.console += `${message.text()}\n`;
    });
    page.on("pageerror", (error) => {
      scene.console += `${error.stack ?? error.message}\n`;
    });
    page.on("request", (request) => {
      const headers = JSON.stringify(request.headers());
      scene.requests += [request.url(), headers, request.postData(), ""].join("\n");
    });
    await page.goto(site.url);
    await use(scene);
    await browser.close();
    await users.companion.remove();
    await proxy.close();
    await site.close();
    rmSync(users.companion.folder, { recursive: true, force: true });
  },
});

interface Scene {
  page: Page;
  users: Awaited<ReturnType<typeof companionForUsers>>;
  proxy: Awaited<ReturnType<typeof recordingProxy>>;
  console: string;
  requests: string;
}

for (const entry of ["index.js", "inline.js"]) {
  test(`no member of the package gives a key away: ${entry}`, async ({ scene }) => {
    test.setTimeout(180_000);
    const { page, users } = scene;
    await Authenticator.plug(page);
    const canaries = {
      synced: demoKey(),
      browser: demoKey(),
      next: demoKey(),
      core: demoKey(),
      oauth: demoKey(),
    };
    const control = randomText();
    const { synced, browser, next, core, oauth } = canaries;
    const keys = {
      synced: synced.key,
      browser: browser.key,
      next: next.key,
      core: core.key,
      oauth: oauth.key,
    };
    await answerSignIns(page, keys.oauth);
    const jwks = await (await fetch(`${users.companion.url}/.well-known/jwks.json`)).json();
    await page.evaluate(prepareWalk, {
      entry,
      companion: users.companion.url,
      token: await users.tokenFor("walker"),
      keys,
      jwk: jwks.keys[0],
    });

    await test.step("every entry point and every member is known", async () => {
      const entries = Object.keys(manifest.exports).filter(
        (name) => !/\.(json|wasm|js)$/.test(name),
      );
      expect(entries.sort()).toEqual([
        ".",
        // Where they can be drawn: in elements.spec.
        "./elements",
        "./elements/store",
        "./elements/ui",
        // By hand, and searched, in frame.spec.
        "./frame",
        "./inline",
        "./oauth",
        "./relay",
        "./server",
      ]);
      const known = await page.evaluate(() => Object.keys(window.walk.steps));
      for (const [module, members] of Object.entries(MODULES)) {
        const asked = known.filter((name) => name.startsWith(`${module} `));
        expect(asked.sort()).toEqual(members.map((name) => `${module} ${name}`).sort());
      }
    });

    // A bundle of its own has a module, and vaults, of its own.
    const modules =
      entry === "index.js" ? ["index", "oauth", "relay", "inside", "server", "wasm"] : ["index"];
    const last = ["Vault.lock", "Vault.unlock", "Vault.revoke", "Vault.startOver", "Vault.close"];
    const steps = await page.evaluate(() => Object.keys(window.walk.steps));
    const run = async (names: string[]) => {
      for (const name of names) await page.evaluate((name) => window.walk.run(name), name);
    };
    const of = (module: string) => steps.filter((name) => name.startsWith(`${module} `));
    const ends = last.map((name) => `index ${name}`);
    const memoryHolds = (text: string) =>
      page.evaluate((text) => {
        const found: number[] = [];
        for (const { buffer } of window.walk.memory) {
          found.push(new TextDecoder("latin1").decode(buffer).split(text).length - 1);
        }
        return found;
      }, text);

    await test.step("the walk, on an unlocked vault", async () => {
      for (const module of modules) {
        await run(of(module).filter((name) => !ends.includes(name)));
        if (module === "index") {
          const shown = await page.evaluate(() => window.walk.walked.results);
          // It did work: the keys were stored, used and answered for.
          expect(shown["index Vault.unlocked"]).toContain("true");
          expect(shown["index Vault.entries"]).toContain("synced");
          expect(shown["index Vault.fetch"]).toContain(
            `a key that ends in ${browser.key.slice(-4)}`,
          );
          expect(shown["index Vault.fetch"]).toContain(
            `a key that ends in ${synced.key.slice(-4)}`,
          );
          expect(shown["index Vault.headersFor"]).toContain("Keyseal-Key");
        }
      }
      if (modules.includes("wasm")) {
        const shown = await page.evaluate(() => window.walk.walked.results);
        expect(shown["oauth finishOAuth"]).toContain(`…${oauth.key.slice(-4)}`);
        expect(shown["inside Inside.importEntries"]).toContain("known");
        expect(shown["wasm VaultCore.exportEntries"]).toContain("keyseal-export");
      }
    });

    const secrets = Object.values(canaries).map(({ secret }) => secret);
    /** Parts too: an error that quotes the beginning of what it was given is no better. */
    const wanted = secrets.flatMap((secret) => [secret.slice(0, 24), secret.slice(10, 34)]);
    const clean = (place: string, held: string | Buffer) => {
      for (const text of wanted) expect(findIn(held, text), place).toEqual([]);
    };

    await test.step("nothing in the browser's storage while the keys are there", async () => {
      const before = Object.entries(await dumpStorage(page));
      for (const [place, held] of before) clean(place, held);
      await plant(page, control);
      for (const [place, held] of Object.entries(await dumpStorage(page))) {
        expect(findIn(held, control), `the control in ${place}`).not.toEqual([]);
      }
      expect(before.map(([, held]) => held).join("")).toContain("keyseal.v1.");
    });

    await test.step("nothing in the wasm's memory once it is locked", async () => {
      await run([ends[0] ?? ""]);
      for (const text of wanted) {
        expect((await memoryHolds(text)).every((count) => count === 0)).toBe(true);
      }
      await page.evaluate((text) => window.walk.plant(text), control);
      const found = await memoryHolds(control);
      expect(found.length, "a module was found").toBeGreaterThan(0);
      expect(found.every((count) => count > 0)).toBe(true);
      await run(ends.slice(1));
    });

    await test.step("nothing in results, errors, events, console and requests", async () => {
      await page.evaluate(async (text) => {
        await window.walk.note("control: result", { nested: [new Map([["in", { it: text }]])] });
        await window.walk.note("control: error", new Error("outer", { cause: new Error(text) }));
        await window.walk.note("control: bytes", new TextEncoder().encode(text));
        await window.walk.note("control: response", new Response(text, { headers: { x: text } }));
        dispatchEvent(new CustomEvent("control", { detail: { deep: text } }));
        console.log(text);
      }, control);
      const query = `${users.companion.url}/healthz?control=${control}`;
      await page.evaluate((url) => fetch(url).then((answer) => answer.text()), query);

      const { results, events } = await page.evaluate(() => window.walk.walked);
      for (const [member, result] of Object.entries(results)) {
        clean(member, result);
        const planted = member.startsWith("control: ");
        expect(findIn(result, control).length > 0, member).toBe(planted);
      }
      const asked = Object.keys(results).filter((name) => !name.startsWith("control: "));
      expect(asked.sort()).toEqual(modules.flatMap(of).sort());
      const places = {
        events: events.join("\n"),
        console: scene.console,
        requests: scene.requests,
        traffic: scene.proxy.traffic(),
      };
      for (const [place, held] of Object.entries(places)) {
        clean(place, held);
        expect(findIn(held, control), `the control in ${place}`).not.toEqual([]);
      }
      expect(events.length, "the vault's own events").toBeGreaterThan(3);
    });
  });
}

/** A provider that gives keys to pages: one that is good, one in an error, one in no form known. */
async function answerSignIns(page: Page, key: string): Promise<void> {
  await page.route("https://openrouter.ai/**", async (route) => {
    const headers = {
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "content-type",
    };
    const code = route.request().postData() ?? "";
    if (code.includes("refused")) await route.fulfill({ status: 403, headers, json: { key } });
    else if (code.includes("none")) await route.fulfill({ headers, body: `not JSON: ${key}` });
    else await route.fulfill({ headers, json: { key } });
  });
}
