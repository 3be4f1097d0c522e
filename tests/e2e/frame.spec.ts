// The isolated frame in pages of other origins: one that uses it as it is meant, and one that wants its keys.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import type { FramedVault } from "keyseal/frame";
import { demoKey, findIn, randomText } from "../support/canary.mjs";
import { freePort, page as pageDir } from "../support/companion.mjs";
import { serveFolder } from "../support/static.mjs";
import { companionForUsers } from "../support/users.mjs";
import { hostile } from "./pages/hostile.js";
import { barePage } from "./support/bare.js";
import { test as base } from "./support/browser.js";

interface World {
  users: Awaited<ReturnType<typeof companionForUsers>>;
  /** Pages that may hold the frame: one well meant, one hostile; and one that may not. */
  kind: string;
  hostile: string;
  unlisted: string;
}

const test = base.extend<{ tab: Page }, { world: World }>({
  world: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => {
      const script = `(${hostile})()`;
      const sites = await Promise.all([
        // Of the companion's own site: browsers let its frame store. To the others it is a stranger.
        barePage("", "127.0.0.1"),
        barePage(script),
        barePage(script),
      ]);
      const [kind = "", bad = "", unlisted = ""] = sites.map(({ url }) => url);
      const port = await freePort();
      const own = `http://127.0.0.1:${port}`;
      const users = await companionForUsers({
        port,
        env: { KEYSEAL__FRAME__ORIGINS: `${kind},${bad},${own}` },
      });
      await use({ users, kind, hostile: bad, unlisted });
      await users.companion.remove();
      for (const site of sites) await site.close();
      rmSync(users.companion.folder, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  tab: async ({ context }, use) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await use(await context.newPage());
  },
});

declare global {
  interface Window {
    framed: FramedVault;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a page may try anything
type Any = any;

const inside = (tab: Page) => tab.frameLocator("iframe").first();

/** Pastes a key inside, as a person does, and seals it. */
async function paste(tab: Page, key: string, storage: string): Promise<void> {
  const frame = inside(tab);
  await frame.getByRole("button", { name: "Add a key" }).first().click();
  const dialog = frame.getByRole("dialog", { name: "Add a key" });
  await tab.evaluate((text) => navigator.clipboard.writeText(text), key);
  await dialog.getByLabel("API key").press("ControlOrMeta+V");
  await tab.evaluate(() => navigator.clipboard.writeText(""));
  await dialog.getByRole("radio", { name: storage }).check({ force: true });
  await dialog.getByRole("button", { name: "Seal and store" }).click();
  await expect(dialog.getByRole("status")).toContainText("accepts this key");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
}

test("an app lists and uses keys that were pasted into its frame", async ({ tab, world }) => {
  const { key } = demoKey();
  const { key: other } = demoKey();
  await tab.goto(world.kind);
  const src = `${world.users.companion.url}/frame?companion=https://evil.example.com&parents=*`;
  await tab.evaluate(
    async ({ src, token }) => {
      const { FramedVault } = await import(`${location.origin}/dist/frame/index.js`);
      const frame = document.createElement("iframe");
      frame.src = src;
      frame.style.cssText = "width: 900px; border: 0";
      document.body.append(frame);
      window.framed = new FramedVault(frame, { token: () => token });
    },
    { src, token: await world.users.tokenFor("ada") },
  );

  await test.step("the frame says whose keys these are, and where", async () => {
    const bar = inside(tab).locator("header");
    await expect(bar).toContainText("ada");
    await expect(bar).toContainText(new URL(world.users.companion.url).host);
    await expect(bar).toContainText(new URL(world.kind).host);
    const height = () => tab.locator("iframe").evaluate((frame) => frame.clientHeight);
    await expect.poll(height).toBeGreaterThan(400);
  });

  await test.step("what is pasted inside appears masked outside", async () => {
    await paste(tab, key, "Only in this browser");
    await paste(tab, other, "On all my devices");
    const listed = () =>
      tab.evaluate(() => {
        const { state, account, unlocked, persistent, entries } = window.framed;
        return { state, account, unlocked, persistent, hints: entries.map((it) => it.keyHint) };
      });
    await expect
      .poll(listed)
      .toMatchObject({ state: "open", account: "ada", unlocked: true, persistent: true });
    const hints = (await listed()).hints;
    expect(hints.map((hint) => hint.slice(-4))).toEqual([key.slice(-4), other.slice(-4)]);
  });

  await test.step("a chat streams, under the key that was named; an abort ends it", async () => {
    const answers = await tab.evaluate(async () => {
      const chat = async (entry: string, signal?: AbortSignal) => {
        const url = `${window.framed.baseURL("demo")}/chat/completions`;
        return window.framed.fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", "Keyseal-Entry": entry },
          body: JSON.stringify({
            model: "demo",
            stream: true,
            messages: [{ role: "user", content: "Hello" }],
          }),
          ...(signal ? { signal } : {}),
        });
      };
      const texts: string[] = [];
      let pieces = 0;
      for (const { id } of window.framed.entries) {
        let text = "";
        const answer = await chat(id);
        for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>) {
          text += new TextDecoder().decode(piece);
          pieces += 1;
        }
        // A streamed answer comes word by word.
        const words = [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, it]) => it);
        texts.push(words.join(""));
      }
      const abort = new AbortController();
      const cut = await chat(window.framed.entries[0]?.id ?? "", abort.signal);
      abort.abort();
      const ended = await cut.body
        ?.getReader()
        .read()
        .catch((error) => error.name);
      const elsewhere = await window.framed
        .fetch("https://evil.example.com/")
        .catch((error) => error.code);
      const api = new URL("/api/v1/api-keys", window.framed.baseURL("demo")).href;
      const list = await window.framed.fetch(api).catch((error) => error.code);
      return { texts, pieces, ended, elsewhere, list };
    });
    expect(answers.texts[0]).toContain(`a key that ends in ${key.slice(-4)}`);
    expect(answers.texts[1]).toContain(`a key that ends in ${other.slice(-4)}`);
    expect(answers.pieces, "it came in pieces").toBeGreaterThan(4);
    expect(answers).toMatchObject({
      ended: "AbortError",
      elsewhere: "url_not_companion",
      list: "url_not_companion",
    });
  });

  await test.step("in a window of its own the same keys are added to, under an address bar", async () => {
    const opened = tab.context().waitForEvent("page");
    await inside(tab).getByRole("button", { name: "Open in its own window" }).click();
    const own = await opened;
    expect(new URL(own.url()).origin).toBe(world.users.companion.url);
    await expect(own.locator("header")).toContainText("ada");
    await expect(own.getByRole("group", { name: /key .*…/ })).toHaveCount(2);
    const { key } = demoKey();
    await own.getByRole("button", { name: "Add a key" }).first().click();
    const dialog = own.getByRole("dialog", { name: "Add a key" });
    await dialog.getByLabel("API key").focus();
    await own.keyboard.insertText(key);
    await expect(dialog).toContainText("Sealed for the account ada");
    await dialog.getByRole("radio", { name: "Only in this browser" }).check({ force: true });
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    await expect(dialog.getByRole("status")).toContainText("accepts this key");
    const ends = () =>
      tab.evaluate(() => window.framed.entries.map(({ keyHint }) => keyHint.slice(-4)));
    await expect.poll(ends).toContain(key.slice(-4));
    await own.close();
    await inside(tab).getByRole("button", { name: "Add a key" }).first().click();
    await expect(inside(tab).getByRole("dialog")).toBeVisible();
    await tab.keyboard.press("Escape");
  });

  await test.step("after a reload all is there, kept apart under the page's origin", async () => {
    const frame = tab.frames().find((it) => it.url().includes("/frame/"));
    const names = () => frame?.evaluate(() => Object.keys(localStorage));
    expect(
      (await names())?.filter((name) => /^keyseal\.v1\.[\w-]{22}-[\w-]{22}\.entry\./.test(name)),
    ).toHaveLength(2);
    expect(await names()).toContain(`keyseal.frame.${world.kind}`);
    await tab.evaluate(() =>
      document.querySelector("iframe")?.contentWindow?.postMessage("x", "*"),
    );
    await tab.evaluate(() => {
      const frame = document.querySelector("iframe");
      const { framed } = window;
      const states: string[] = [];
      framed.addEventListener("change", () => states.push(framed.state));
      Object.assign(window, { states });
      if (frame) frame.src = `${frame.src}&again`;
    });
    const after = () =>
      tab.evaluate(() => [
        (window as Any).states.includes("connecting") && window.framed.state,
        window.framed.entries.length,
      ]);
    await expect.poll(after).toEqual(["open", 3]);
  });
});

test("<keyseal-store src> is the frame, with its list and views", async ({ tab, world }) => {
  const { companion, tokenFor } = world.users;
  // The page of the companion itself has the elements; that it is of the same origin makes no difference to them.
  await tab.goto(companion.url);
  await tab.evaluate(
    async ({ token }) => {
      await customElements.whenDefined("keyseal-store");
      const store = document.createElement("keyseal-store") as Any;
      Object.assign(store, { src: "/frame", token: () => token });
      store.addEventListener("keyseal-framed", ({ detail }: CustomEvent) => {
        window.framed = detail.framed;
      });
      document.body.replaceChildren(store);
    },
    { token: await tokenFor("grace") },
  );
  await expect.poll(() => tab.evaluate(() => window.framed?.state)).toBe("open");
  const allowed = await tab.locator("keyseal-store iframe").getAttribute("allow");
  expect(allowed).toBe("publickey-credentials-get; publickey-credentials-create; clipboard-write");
  await tab.evaluate(() => {
    (document.querySelector("keyseal-store") as Any).view = "activity";
  });
  await expect(inside(tab).getByRole("tab", { name: "Activity" })).toHaveAttribute(
    "aria-selected",
    "true",
  );
  await tab.evaluate(() => (document.querySelector("keyseal-store") as Any).addKey());
  await expect(inside(tab).getByRole("dialog", { name: "Add a key" })).toBeVisible();
});

test("a hostile page gets no key, whatever it does to the frame", async ({ tab, world }) => {
  test.setTimeout(120_000);
  const canary = demoKey();
  const other = demoKey();
  const third = demoKey();
  const control = randomText();
  const loot: string[] = [];
  const { users } = world;
  const src = `${users.companion.url}/frame`;
  const token = await users.tokenFor("ada");
  await tab.goto(world.hostile);
  await tab.evaluate(({ src, token }) => void window.hold(src, token), { src, token });
  const said = () =>
    tab.evaluate(() => window.raw.said.filter(({ type }) => type === "told").at(-1));

  await test.step("a key is pasted inside, where nothing can be stored and that is said", async () => {
    await expect(inside(tab).getByText("gives this frame no storage of its own")).toBeVisible();
    await paste(tab, canary.key, "Only in this browser");
    await paste(tab, other.key, "On all my devices");
    await expect.poll(said).toMatchObject({ now: { state: "open", persistent: false } });
  });

  await test.step("it reads nothing of the frame", async () => {
    const read = await tab.evaluate(() => {
      const frame = document.querySelector("iframe") as HTMLIFrameElement;
      const within = frame.contentWindow as Any;
      const tries: Record<string, () => unknown> = {
        contentDocument: () => frame.contentDocument,
        getSVGDocument: () => frame.getSVGDocument(),
        document: () => within.document.body.innerHTML,
        frames: () => window.frames[0]?.document.body.innerHTML,
        eval: () => within.eval("document.body.innerHTML"),
        localStorage: () => within.localStorage.length,
        indexedDB: () => within.indexedDB,
        fetch: () => within.fetch,
        vault: () => within.keysealFrame.vault,
        element: () => within.customElements,
        listen: () =>
          within.addEventListener("keydown", (event: Event) => window.keep("in", event)),
        prototype: () => Object.getPrototypeOf(within),
        own: () => Object.defineProperty(within, "fetch", { value: window.fetch }),
        address: () => within.location.href,
        select: () => within.getSelection().toString(),
        script: () => {
          within.location = "javascript:parent.keep('script', document.body.innerHTML)";
          return null;
        },
      };
      return Object.entries(tries).map(([name, attempt]) => {
        try {
          const got = attempt();
          window.keep(name, got);
          return got === null || got === undefined ? "nothing" : `${name}: ${String(got)}`;
        } catch (error) {
          window.keep(name, error);
          return (error as Error).name;
        }
      });
    });
    expect(read.filter((it) => it !== "SecurityError" && it !== "nothing")).toEqual([]);
  });

  await test.step("it asks for all that there is, and is given the list and the use", async () => {
    const before = await said();
    const answers = await tab.evaluate(async () => {
      const { port, said } = window.raw;
      const from = said.length;
      const asked = (
        "headersFor export exportEntries importEntries slots addDevice addPassphrase addPasskey makeRecoveryCode " +
        "keepRecoveryCode keepSlots inside insideOf settings allow add replace seal sealNote openNote records sealed update revoke " +
        "reorder test lock unlock startOver close vault keys eval agree retry told connect hello token"
      ).split(" ");
      asked.forEach((type, at) => {
        for (const more of [
          {},
          { args: ["demo"] },
          { request: { url: "/", method: type } },
          { view: type },
        ]) {
          port?.postMessage({ type, id: 500 + at, ...more });
          port?.postMessage({ keyseal: "frame", type, method: type, id: 500 + at, ...more });
        }
      });
      for (const odd of [
        null,
        1,
        "token",
        [],
        { type: {} },
        { type: "fetch", id: 1, request: { headers: 3 } },
      ]) {
        port?.postMessage(odd);
      }
      // Answered last, so that all before was heard.
      const entry = (said.filter(({ type }) => type === "told").at(-1) as Any).now.entries[0].id;
      const companion = (said.filter(({ type }) => type === "told").at(-1) as Any).companion;
      const urls = [
        "/api/v1/api-keys",
        "/api/v1/me",
        "/.well-known/keyseal",
        "/forward/demo/../../api/v1/me",
      ];
      const requests = [
        ...urls.map((path) => ({ url: companion + path, headers: [] })),
        { url: "https://evil.example.com/", headers: [] },
        { url: "data:text/plain,x", headers: [] },
        { url: `${companion}/forward/demo/v1/models`, headers: [["Keyseal-Entry", entry]] },
      ];
      requests.forEach((request, at) => {
        port?.postMessage({
          type: "fetch",
          id: 900 + at,
          request: { method: "GET", body: null, ...request },
        });
      });
      for (let tries = 0; tries < 200; tries += 1) {
        if (said.some(({ type, id }) => type === "response" && id === 906)) break;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return said
        .slice(from)
        .map(({ type, id, error, response }) => ({ type, id, error, response }));
    });
    const types = new Set(answers.map(({ type }) => type));
    expect(
      [...types].every((type) =>
        ["fail", "response", "told", "token", "height"].includes(`${type}`),
      ),
    ).toBe(true);
    const failed = answers.filter(({ type, id }) => type === "fail" && Number(id) >= 900);
    expect(failed.map(({ error }) => (error as { code: string }).code)).toEqual(
      Array(6).fill("url_not_companion"),
    );
    expect(answers.filter(({ type }) => type === "response").map(({ id }) => id)).toEqual([906]);
    const list = (told: unknown) =>
      (told as { now: { entries: { id: string; keyHint: string }[] } }).now.entries;
    expect(list(await said()).map(({ id, keyHint }) => ({ id, keyHint }))).toEqual(
      list(before).map(({ id, keyHint }) => ({ id, keyHint })),
    );
  });

  await test.step("it sees what is typed and pasted beside the frame, and what passes through it", async () => {
    await tab.evaluate(async (text) => {
      const field = document.body.appendChild(document.createElement("input"));
      field.id = "own";
      await navigator.clipboard.writeText(text);
    }, control);
    await tab.locator("#own").press("ControlOrMeta+V");
    const reached = await tab.evaluate(async (text) => {
      const { companion } = window.raw.said.filter(({ type }) => type === "told").at(-1) as Any;
      const body = new TextEncoder().encode(
        JSON.stringify({ model: "demo", messages: [{ role: "user", content: `again ${text}` }] }),
      );
      const headers = [["content-type", "application/json"]];
      const request = {
        url: `${companion}/forward/demo/v1/chat/completions`,
        method: "POST",
        headers,
        body,
      };
      window.raw.port?.postMessage({ type: "fetch", id: 2000, request });
      window.raw.port?.postMessage({ type: "pull", id: 2000 });
      for (let tries = 0; tries < 200; tries += 1) {
        window.raw.port?.postMessage({ type: "pull", id: 2000 });
        const piece = window.raw.said.find(({ type, id }) => type === "chunk" && id === 2000);
        if (piece) return new TextDecoder().decode(piece.bytes as Uint8Array);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return "";
    }, control);
    expect(reached).toContain("a key that ends in");
    const seen = await tab.evaluate(() => [...window.loot]);
    for (const place of ["paste", "input", "message data"]) {
      const held = seen.filter((it) => it.startsWith(place)).join("\n");
      expect(findIn(held, control), `the control in ${place}`).not.toEqual([]);
    }
  });

  await test.step("another window's port, and a second one, are not taken", async () => {
    const heard = await tab.evaluate(async () => {
      const frame = document.querySelector("iframe") as HTMLIFrameElement;
      const { raw } = window;
      raw.answers = false;
      const { hellos } = raw;
      // biome-ignore lint/correctness/noSelfAssign: loads the frame anew
      frame.src = frame.src;
      while (raw.hellos === hellos) await new Promise((resolve) => setTimeout(resolve, 25));
      const child = document.body.appendChild(document.createElement("iframe"))
        .contentWindow as Any;
      const foreign: unknown[] = [];
      const said = { keyseal: "frame", type: "connect", version: 1 };
      const origin = new URL(frame.src).origin;
      const offer = (heard: unknown[], post: (port: MessagePort) => void) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => heard.push(data);
        post(port2);
      };
      // By a window that is not the frame's parent, of the very same origin.
      const post = child.Function(
        "to",
        "said",
        "origin",
        "port",
        "to.postMessage(said, origin, [port])",
      );
      offer(foreign, (port) => post(frame.contentWindow, said, origin, port));
      // By the parent, but not as it should be.
      frame.contentWindow?.postMessage(said, origin);
      offer(foreign, (port) =>
        frame.contentWindow?.postMessage({ ...said, type: "hello" }, origin, [port]),
      );
      const two = [new MessageChannel(), new MessageChannel()];
      for (const { port1 } of two) port1.onmessage = ({ data }) => foreign.push(data);
      frame.contentWindow?.postMessage(
        said,
        origin,
        two.map(({ port2 }) => port2),
      );
      raw.said.length = 0;
      raw.connect();
      const used = raw.port;
      while (!raw.said.some(({ now }) => (now as Any)?.state === "open")) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      offer(foreign, (port) => frame.contentWindow?.postMessage(said, origin, [port]));
      // Answered by the port that was taken: by then the other has been heard, and dropped.
      const request = { url: frame.src, method: "GET", headers: [], body: null };
      used?.postMessage({ type: "fetch", id: 4000, request });
      while (!raw.said.some(({ id }) => id === 4000)) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      const replays: string[] = [];
      for (let times = 0; times < 2; times += 1) {
        try {
          frame.contentWindow?.postMessage(said, origin, [used as MessagePort]);
        } catch (error) {
          replays.push((error as Error).name);
        }
      }
      child.frameElement.remove();
      raw.answers = true;
      return { foreign, replays };
    });
    expect(heard).toEqual({ foreign: [], replays: ["DataCloneError"] });
  });

  await test.step("navigated away and back, the frame has forgotten and knows its page again", async () => {
    const away = await tab.evaluate(async (elsewhere) => {
      const frame = document.querySelector("iframe") as HTMLIFrameElement;
      const { raw } = window;
      const old = raw.port;
      const back = frame.src;
      const { hellos } = raw;
      const loaded = new Promise((resolve) =>
        frame.addEventListener("load", resolve, { once: true }),
      );
      (frame.contentWindow as Window).location.href = elsewhere;
      await loaded;
      const from = raw.said.length;
      old?.postMessage({
        type: "fetch",
        id: 1,
        request: { url: back, method: "GET", headers: [], body: null },
      });
      (frame.contentWindow as Window).location.href = back;
      while (raw.hellos === hellos) await new Promise((resolve) => setTimeout(resolve, 25));
      while (!raw.said.slice(from).some(({ now }) => (now as Any)?.state === "open")) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return raw.said.slice(from).filter(({ type }) => type === "response" || type === "fail")
        .length;
    }, world.unlisted);
    expect(away).toBe(0);
    await expect.poll(said).toMatchObject({ now: { state: "open", account: "ada" } });
    // The rest in a page that is opened anew; what this one saw is searched with it.
    loot.push(...(await tab.evaluate(() => [...window.loot])));
    await tab.goto(world.hostile);
    await tab.evaluate(({ src, token }) => void window.hold(src, token), { src, token });
    await expect(inside(tab).locator("header")).toContainText("ada");
  });

  await test.step("what it lays over the frame stops the click, and so does too little room", async () => {
    const frame = inside(tab);
    const veil = (on: boolean) =>
      tab.evaluate((on) => {
        document.querySelector("#veil")?.remove();
        if (!on) return;
        const veil = document.body.appendChild(document.createElement("div"));
        veil.id = "veil";
        // What is clicked is the frame; what is seen is this.
        veil.style.cssText =
          "position: absolute; inset: 0; background: #fff; opacity: 0.99; pointer-events: none";
      }, on);
    await frame.getByRole("button", { name: "Add a key" }).first().click();
    const dialog = frame.getByRole("dialog", { name: "Add a key" });
    await dialog.getByLabel("API key").focus();
    await tab.keyboard.insertText(third.key);
    await veil(true);
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    await expect(frame.getByText("something of the page around covers this")).toBeVisible();
    await expect(dialog.getByRole("button", { name: "Seal and store" })).toBeVisible();
    await veil(false);
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    await expect(dialog.getByRole("status")).toContainText("accepts this key");
    await dialog.getByRole("button", { name: "Done" }).click();
    await expect(dialog).toBeHidden();

    await tab.locator("iframe").evaluate((frame) => {
      frame.style.height = "200px";
    });
    await expect(
      frame.getByRole("heading", { name: "There is too little room here" }),
    ).toBeVisible();
    await expect(frame.getByRole("button", { name: "Add a key" })).toHaveCount(0);
    await tab.locator("iframe").evaluate((frame) => {
      frame.style.height = "760px";
    });
    await expect(frame.getByRole("button", { name: "Add a key" }).first()).toBeVisible();
  });

  await test.step("another account is a question inside, which only a click there answers", async () => {
    const frame = inside(tab);
    await tab.evaluate(
      (token) => {
        window.raw.token = token;
        const { companion } = window.raw.said.filter(({ type }) => type === "told").at(-1) as Any;
        const request = {
          url: `${companion}/forward/demo/v1/models`,
          method: "GET",
          headers: [],
          body: null,
        };
        window.raw.port?.postMessage({ type: "fetch", id: 3000, request });
      },
      await users.tokenFor("mallory"),
    );
    await expect(frame.getByRole("heading", { name: "Is this you?" })).toBeVisible();
    await expect(frame.locator(".asked")).toHaveText("mallory");
    await expect
      .poll(said)
      .toMatchObject({ now: { state: "account", account: null, entries: [] } });
    await tab.evaluate(() => {
      const frame = document.querySelector("iframe") as HTMLIFrameElement;
      for (const type of ["agree", "open", "retry"])
        window.raw.port?.postMessage({ type, id: 1, view: "keys" });
      frame.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      frame.click();
      frame.contentWindow?.postMessage({ type: "agree" }, "*");
    });
    // The veil once more: the question is guarded likewise.
    await tab.evaluate(() => {
      (document.querySelector("iframe") as HTMLIFrameElement).style.opacity = "0.01";
    });
    await frame.getByRole("button", { name: "Yes, go on" }).click();
    await expect(frame.getByText("something of the page around covers this")).toBeVisible();
    await expect.poll(said).toMatchObject({ now: { state: "account" } });
    await tab.evaluate(() => {
      (document.querySelector("iframe") as HTMLIFrameElement).style.opacity = "1";
    });
    await frame.getByRole("button", { name: "Yes, go on" }).click();
    await expect
      .poll(said)
      .toMatchObject({ now: { state: "open", account: "mallory", entries: [] } });
  });

  await test.step("in a page that is not listed nothing is shown", async () => {
    const blocked = await tab.context().newPage();
    await blocked.goto(world.unlisted);
    await blocked.evaluate(({ src, token }) => void window.hold(src, token), { src, token });
    await expect.poll(() => blocked.frames()[1]?.url()).toContain("chrome-error:");
    // The same files from elsewhere, where nobody set a policy: the frame looks for itself.
    const copy = await serveFolder(
      join(pageDir, "frame"),
      0,
      {},
      {
        "/config.json": JSON.stringify({
          companion: users.companion.url,
          parents: [world.hostile],
        }),
      },
    );
    await blocked.goto(world.unlisted);
    await blocked.evaluate(({ src, token }) => void window.hold(src, token), {
      src: `${copy.url}/index.html`,
      token,
    });
    await expect(
      inside(blocked).getByText(`does not belong in a page of ${world.unlisted}`),
    ).toBeVisible();
    expect(await blocked.evaluate(() => window.raw.hellos)).toBe(0);
    // And in a listed page that is itself held by another.
    await blocked.goto(world.unlisted);
    await blocked.evaluate((src) => {
      document.body.appendChild(document.createElement("iframe")).src = src;
    }, world.hostile);
    const middle = await expect
      .poll(() => blocked.frames().find((it) => it.url().startsWith(world.hostile)) !== undefined)
      .toBe(true)
      .then(() => blocked.frames().find((it) => it.url().startsWith(world.hostile)));
    await middle?.evaluate(({ src, token }) => void window.hold(src, token), { src, token });
    await expect
      .poll(() => blocked.frames().filter((it) => it.url().startsWith("chrome-error:")).length)
      .toBe(1);
    await copy.close();
    await blocked.close();
  });

  await test.step("of all that it came to see, nothing is a key", async () => {
    loot.push(...(await tab.evaluate(() => [...window.loot])));
    const held = loot.join("\n");
    expect(held.length).toBeGreaterThan(10_000);
    for (const { secret } of [canary, other, third]) {
      expect(findIn(held, secret)).toEqual([]);
      expect(findIn(held, secret.slice(0, 24))).toEqual([]);
      expect(findIn(held, secret.slice(10, 34))).toEqual([]);
    }
    // Masks it may see: they were looked for in the right place.
    for (const { key } of [canary, third]) expect(held).toContain(key.slice(-4));
    expect(findIn(held, control)).not.toEqual([]);
  });
});
