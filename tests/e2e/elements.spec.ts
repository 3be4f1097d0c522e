// The elements as a person uses them: adding by paste and by wizard, keeping order, limits, sign-in; and that what is
// pasted is nowhere to be found in them.

import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { build } from "esbuild";
import { demoKey, findIn, randomText } from "../support/canary.mjs";
import { expect, type Stage, test } from "./support/stage.js";
import { SecureStore } from "./support/store.js";
import { servePackage } from "./support/tab.js";

const DOT = "•";

/** All elements, as an app bundles them that is not our page. */
const elements = build({
  entryPoints: [fileURLToPath(new URL("../../pkg/dist/elements/index.js", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
  logLevel: "error",
}).then(({ outputFiles }) => outputFiles[0]?.text ?? "");

async function openStore(stage: Stage): Promise<SecureStore> {
  const store = new SecureStore(await stage.openPage());
  await store.ready();
  return store;
}

const addDialog = (page: Page) => page.getByRole("dialog", { name: "Add a key" });
const field = (within: Locator) => within.getByLabel("API key");

/** Chooses something of a key's menu. */
async function choose(store: SecureStore, key: string, item: RegExp): Promise<void> {
  const row = store.row(key);
  await row.getByRole("button", { name: /^More for / }).click();
  await row.getByRole("menuitem", { name: item }).click();
}

/** Keeps what the elements tell the page. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    const names = ["added", "replaced", "tested", "revoked", "changed", "failed"];
    for (const name of names) {
      document.addEventListener(`keyseal-${name}`, (event) => {
        heard.push(`${name} ${JSON.stringify((event as CustomEvent).detail)}`);
      });
    }
  });
  return () => page.evaluate(() => (window as unknown as { heard: string[] }).heard.splice(0));
}

test("the field takes a key by paste, keys and drop, and holds only dots", async ({ stage }) => {
  const { key, secret } = demoKey();
  const store = await openStore(stage);
  const { page } = store;
  const dialog = await store.paste(key);
  const input = field(dialog);
  await expect(input).toHaveValue(DOT.repeat(key.length));
  await expect(dialog.getByText("Looks like a Demo key")).toBeVisible();
  await expect(dialog.getByRole("combobox", { name: "Provider" })).toHaveValue("demo");
  expect(findIn(await store.everything(), secret.slice(0, 24))).toEqual([]);

  await test.step("what was there does not come back by undo, nor by copying", async () => {
    await input.press("ControlOrMeta+A");
    await input.press("ControlOrMeta+C");
    await input.press("Delete");
    await expect(input).toHaveValue("");
    await input.press("ControlOrMeta+Z");
    await input.press("ControlOrMeta+V");
    await expect(input).toHaveValue("");
  });

  await test.step("a paste that carries nothing is left alone; one that carries text is taken", async () => {
    const isPrevented = (text: string) =>
      input.evaluate((field, text) => {
        const clipboardData = text ? new DataTransfer() : null;
        clipboardData?.setData("text/plain", text);
        const event = new ClipboardEvent("paste", { clipboardData, cancelable: true });
        return !field.dispatchEvent(event);
      }, text);
    expect(await isPrevented("")).toBe(false);
    await expect(input).toHaveValue("");
    expect(await isPrevented("abc")).toBe(true);
    await expect(input).toHaveValue(DOT.repeat(3));
    await input.press("ControlOrMeta+A");
    await input.press("Delete");
  });

  await test.step("typed, with a mistake mended in the middle", async () => {
    const anthropic = `sk-ant-api03-${"a1B2".repeat(23)}AA`;
    await input.fill(`sk-ant-XX${anthropic.slice("sk-ant-".length)}`);
    await input.press("End");
    await input.pressSequentially("Z9");
    await input.press("Home");
    for (let at = 0; at < 9; at += 1) await input.press("ArrowRight");
    await input.press("Backspace");
    await input.press("Backspace");
    await expect(dialog.getByText("Looks like an Anthropic key")).toBeVisible();
    await expect(dialog.getByText("…AAZ9")).toBeVisible();
    await expect(input).toHaveValue(DOT.repeat(anthropic.length + 2));
  });

  await test.step("unlikely is said and not refused; the provider can be chosen", async () => {
    await input.fill(` "${key}"\n`);
    await expect(dialog.getByText("Looks like a Demo key")).toBeVisible();
    await input.press("End");
    await input.press("Backspace");
    await input.fill("what is this");
    await expect(dialog.getByRole("alert")).toContainText("There is a space inside the key.");
    await expect(dialog.getByText("It does not say whose key it is")).toHaveCount(0);
    await input.fill("whatisthis");
    await expect(dialog.getByText("It does not say whose key it is")).toBeVisible();
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    await expect(dialog.getByRole("alert")).toContainText("Choose whose key it is.");
  });

  await test.step("a key goes to another provider than its looks say only when its person insists", async () => {
    await input.fill(`sk-ant-api03-${"a1B2".repeat(23)}AAZ9`);
    await dialog.getByRole("combobox", { name: "Provider" }).selectOption({ label: "Groq" });
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    await expect(dialog.getByRole("alert")).toContainText("This looks like a key of Anthropic.");
    const insists = dialog.getByRole("checkbox", { name: /It is one of Groq all the same/ });
    await expect(insists).toBeFocused();
    await expect(insists).not.toBeChecked();
    await dialog.getByRole("combobox", { name: "Provider" }).selectOption({ label: "Anthropic" });
    await expect(dialog.getByRole("alert")).toHaveCount(0);
    await expect(insists).toHaveCount(0);
  });
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Add a key" }).first().click();
  await expect(field(addDialog(page))).toHaveValue("");
});

test("by wizard and with keys alone: category, provider, paste; end date, budget, order, label, revoke", async ({
  stage,
}) => {
  const [one, two, next] = [demoKey(), demoKey(), demoKey()];
  const store = await openStore(stage);
  const { page } = store;
  const heard = await listen(page);

  await test.step("a paste skips what is left of the wizard", async () => {
    await page.getByRole("button", { name: "Add a key" }).first().press("Enter");
    const dialog = addDialog(page);
    await dialog.getByRole("button", { name: "Choose a provider first" }).press("Enter");
    await expect(dialog.getByRole("listitem").filter({ hasText: "What for" })).toHaveAttribute(
      "aria-current",
      "step",
    );
    await dialog.getByRole("button", { name: /^Text and chat/ }).press("Enter");
    await expect(dialog.getByRole("link", { name: "Where OpenAI makes keys" })).toHaveAttribute(
      "href",
      /^https:\/\/platform\.openai\.com\//,
    );
    await page.evaluate((text) => navigator.clipboard.writeText(text), one.key);
    await page.keyboard.press("ControlOrMeta+V");
    await expect(field(dialog)).toHaveValue(DOT.repeat(one.key.length));
    await expect(dialog.getByRole("combobox", { name: "Provider" })).toHaveValue("demo");
    await expect(dialog.getByRole("list", { name: "What the key will be used for" })).toContainText(
      "cannot read the key",
    );
  });

  await test.step("with an end and a budget, in three steps, and the clipboard is emptied", async () => {
    const dialog = addDialog(page);
    await dialog.getByText("End date and budget").press("Enter");
    await dialog.getByLabel("Use it until").selectOption("90");
    await dialog.getByLabel("Budget US").fill("none");
    await field(dialog).press("Enter");
    await expect(dialog.getByRole("alert")).toContainText("A budget is an amount above 0");
    await dialog.getByLabel("Budget US").fill("20");
    await field(dialog).press("Enter");
    await expect(dialog.getByRole("status")).toContainText("accepts this key");
    await expect(dialog.locator(".steps")).toHaveText(/Sealed.*Stored.*Tested/s);
    await dialog.getByRole("button", { name: "Clear the clipboard" }).press("Enter");
    await expect(dialog.getByText("The clipboard is empty.")).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("");
    await page.keyboard.press("Enter");
    await expect(dialog).toBeHidden();
    await expect(store.row(one.key)).toContainText("$20.00 left of $20.00");
    expect((await heard()).map((line) => line.split(" ")[0])).toEqual(["added", "tested"]);
  });

  await test.step("limits are changed, and only what changed is told", async () => {
    await choose(store, one.key, /^End date/);
    const limits = page.getByRole("dialog", { name: /^End date and budget of/ });
    await limits.getByLabel("Use it until").selectOption("never");
    await limits.getByRole("button", { name: "Save" }).click();
    await expect(limits).toBeHidden();
    await expect(store.row(one.key)).not.toContainText("until");
    const [changed, ...more] = await heard();
    expect(changed).toContain('"what":"expiry"');
    expect(more).toEqual([]);
  });

  await test.step("order by keys and by mouse; label in place", async () => {
    await store.add(two.key, "synced", "second");
    await page.getByRole("button", { name: "Add a key" }).press("Enter");
    const dialog = addDialog(page);
    const same = dialog.getByText("A key with this mask is in your list already.");
    for (const [key, times] of [[two.key, 1] as const, [demoKey().key, 0] as const]) {
      await page.evaluate((text) => navigator.clipboard.writeText(text), key);
      await field(dialog).press("ControlOrMeta+A");
      await page.keyboard.press("ControlOrMeta+V");
      await expect(dialog.locator("#detected")).toContainText(`…${key.slice(-4)}`);
      await expect(same).toHaveCount(times);
    }
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
    const rows = page.getByRole("group", { name: /^Demo key/ });
    await store.row(two.key).getByRole("button", { name: /^Move/ }).press("ArrowUp");
    await expect(rows.first()).toContainText("second");
    await expect(page.getByRole("button", { name: /^Move/ }).first()).toBeFocused();
    const [from, to] = await Promise.all(
      [0, 1].map((at) => page.getByRole("button", { name: /^Move/ }).nth(at).boundingBox()),
    );
    if (!from || !to) throw new Error("no handles");
    await page.mouse.move(from.x + 8, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(to.x + 8, to.y + to.height + 4, { steps: 4 });
    await page.mouse.up();
    await expect(rows.last()).toContainText("second");
    await expect(page.getByText(/is now number 2 of 2/)).toBeAttached();
    await choose(store, two.key, /^Rename/);
    await store.row(two.key).getByLabel("Label").fill("مفتاح");
    await page.keyboard.press("Enter");
    await expect(store.row(two.key)).toContainText("مفتاح");
  });

  await test.step("off and on, replaced, revoked", async () => {
    await choose(store, two.key, /^Turn off/);
    await expect(store.row(two.key)).toContainText("Off");
    await choose(store, two.key, /^Turn on/);
    await choose(store, two.key, /^Replace/);
    const dialog = page.getByRole("dialog", { name: "Replace this Demo key" });
    await field(dialog).fill(next.key);
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    await dialog.getByRole("button", { name: "Done" }).click();
    await expect(store.row(next.key)).toContainText("مفتاح");
    await store.revoke(next.key);
    const told = await heard();
    expect(told.map((line) => line.split(" ")[0])).toEqual(
      expect.arrayContaining(["changed", "replaced", "tested", "revoked"]),
    );
    for (const { secret } of [one, two, next]) {
      expect(findIn(told.join(), secret.slice(0, 24))).toEqual([]);
    }
  });

  await test.step("the operator's key, where there is one: only after a question, and kept", async () => {
    await page.route("**/api/v1/providers", async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      for (const provider of json.providers) provider.platformAvailable = provider.id === "demo";
      await route.fulfill({ response, json });
    });
    await page.reload();
    const fallback = page.getByRole("combobox", { name: "Fallback to the operator’s Demo key" });
    await expect(fallback).toHaveValue("off");
    await fallback.selectOption("on");
    await page.getByRole("button", { name: "Keep it off" }).click();
    await expect(fallback).toHaveValue("off");
    await fallback.selectOption("on");
    await page.getByRole("button", { name: "Allow it" }).click();
    await expect(page.getByText(/Demo key may be used when yours cannot serve/)).toBeAttached();
    await page.reload();
    await expect(fallback).toBeEnabled();
    await expect(fallback).toHaveValue("on");
    await fallback.selectOption("off");
    await expect(page.getByText("Only your own Demo keys are used.")).toBeAttached();
  });
});

test("a store that opens its own vault: tabs by keys, an input in a form, and no key in any member", async ({
  stage,
}) => {
  const [pasted, other] = [demoKey(), demoKey()];
  const control = randomText();
  const store = await openStore(stage);
  const { page } = store;
  await servePackage(stage.context);
  await page.route("**/bare/pkg/elements/all.js", async (route) =>
    route.fulfill({ contentType: "text/javascript", body: await elements }),
  );
  await page.goto(`${stage.companion.url}/bare/`);
  await page.evaluate(async () => {
    await import(`${location.origin}/bare/pkg/elements/all.js`);
    const token = sessionStorage.getItem("keyseal.token") ?? "";
    const host = document.createElement("keyseal-store");
    Object.assign(host, { companion: location.origin, token: () => host.title || token });
    host.title = "of.another.app";
    const form = document.createElement("form");
    const input = Object.assign(document.createElement("keyseal-input"), {
      name: "key",
      required: true,
      label: "by form",
    });
    host.addEventListener("keyseal-opened", ({ detail }) => {
      input.vault = detail.vault;
    });
    form.append(input);
    document.body.append(host, form);
  });
  await test.step("a token that is not accepted: it says so, and opens by one that is", async () => {
    await expect(page.getByRole("alert")).toContainText("code: unauthorized");
    await page.locator("keyseal-store").evaluate((host: HTMLElement) => {
      host.title = "";
    });
    await page.getByRole("button", { name: "Try again" }).click();
  });
  const tab = (name: string) => page.getByRole("tab", { name });
  await expect(tab("Keys")).toHaveAttribute("aria-selected", "true");
  const host = page.locator("keyseal-store");
  await test.step("another function that gives the token is asked from then on", async () => {
    const asked = await host.evaluate(async (element: HTMLElementTagNameMap["keyseal-store"]) => {
      const { token } = element;
      let times = 0;
      element.token = () => {
        times += 1;
        return typeof token === "function" ? token() : "";
      };
      // Opened once more it would be by what comes now.
      element.addEventListener("keyseal-opened", () => element.classList.add("again"));
      await element.updateComplete;
      await element.refresh();
      return times;
    });
    expect(asked).toBeGreaterThan(0);
  });
  await tab("Keys").press("ArrowRight");
  await expect(tab("Usage")).toBeFocused();
  await expect(page.getByRole("heading", { name: "Usage", level: 1 })).toBeVisible();
  await tab("Usage").press("End");
  await expect(page.getByRole("heading", { name: "Activity", level: 1 })).toBeVisible();
  await tab("Activity").press("Home");
  await store.ready();

  const form = page.locator("body > form");
  const submits = () => form.evaluate((form: HTMLFormElement) => form.checkValidity());
  const value = () => form.evaluate((form: HTMLFormElement) => new FormData(form).get("key"));
  expect([await submits(), await value()]).toEqual([false, null]);
  await page.evaluate((text) => navigator.clipboard.writeText(text), pasted.key);
  await field(form).press("ControlOrMeta+V");
  await expect(form.getByText("Looks like a Demo key")).toBeVisible();

  await test.step("no member of an element, nor of what hangs on it, has what is in its field", async () => {
    const members = () => page.evaluate(readable);
    expect(findIn(await members(), pasted.secret.slice(0, 24))).toEqual([]);
    await page.locator("keyseal-input").evaluate((input, text) => {
      Object.assign(input, { planted: { deep: [text] } });
    }, control);
    expect(findIn(await members(), control), "the control").not.toEqual([]);
  });

  await field(form).press("Enter");
  await expect(form.getByText("Demo key, sealed")).toBeVisible();
  expect(await submits()).toBe(true);
  expect(await value()).toMatch(/^[\w-]{8,}$/);
  await expect(store.row(pasted.key)).toContainText("by form");
  await form.evaluate((form: HTMLFormElement) => form.reset());
  expect([await submits(), await value()]).toEqual([false, null]);
  await field(form).fill(other.key);
  await form.getByRole("button", { name: "Seal" }).click();
  await expect(store.row(other.key)).toBeVisible();
  await expect(host, "opened once").not.toHaveClass(/again/);
});

/** All that a script can read off the elements of a page: members, down to some depth, and what is drawn. */
function readable(): string {
  const texts: string[] = [];
  // How near to an element a value was found: one that is met again nearer is read again, further.
  const seen = new Map<unknown, number>();
  const read = (value: unknown, depth: number): void => {
    if (typeof value === "string") texts.push(value);
    if (value === null || typeof value !== "object" || depth > 5) return;
    if ((seen.get(value) ?? 6) <= depth) return;
    seen.set(value, depth);
    if (value instanceof Uint8Array) texts.push(new TextDecoder("latin1").decode(value));
    if (value instanceof HTMLInputElement) texts.push(value.value, value.outerHTML);
    const names = new Set<string | symbol>();
    for (let at = value as object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      if (at === HTMLElement.prototype || at === EventTarget.prototype) break;
      for (const name of Reflect.ownKeys(at)) names.add(name);
    }
    for (const name of names) {
      try {
        read(Reflect.get(value, name), depth + 1);
      } catch {
        // A getter that refuses tells nothing.
      }
    }
  };
  const walk = (root: Document | ShadowRoot) => {
    for (const element of root.querySelectorAll("*")) {
      if (!element.localName.startsWith("keyseal-") && !(element instanceof HTMLInputElement))
        continue;
      read(element, 0);
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return texts.join("\n");
}

test("sign-in at OpenRouter: away and back with a key, the code gone from the address, once", async ({
  stage,
}) => {
  const key = `sk-or-v1-${"0a1b".repeat(16)}`;
  const store = await openStore(stage);
  const { page } = store;
  let exchanged = 0;
  await page.route("https://openrouter.ai/**", async (route) => {
    const url = new URL(route.request().url());
    if (url.pathname === "/auth") {
      const back = new URL(url.searchParams.get("callback_url") ?? "");
      back.searchParams.set("code", "once");
      return route.fulfill({ status: 302, headers: { location: back.href } });
    }
    exchanged += 1;
    const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    return route.fulfill({ headers, json: { key } });
  });
  await page.getByRole("button", { name: "Add a key" }).first().click();
  const dialog = addDialog(page);
  await dialog.getByRole("combobox", { name: "Provider" }).selectOption("openrouter");
  await dialog.getByRole("textbox", { name: "Label" }).fill("by sign-in");
  await dialog.getByRole("radio", { name: "Only in this browser" }).check({ force: true });
  await dialog.getByRole("button", { name: /signing in to OpenRouter/ }).click();
  await expect(dialog.locator(".steps")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Done" })).toBeVisible({ timeout: 60_000 });
  expect(page.url()).not.toContain("code=");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(store.row(key)).toContainText("by sign-in");
  await expect(store.row(key)).toContainText("This browser only · relay");
  await page.reload();
  await expect(store.row(key)).toBeVisible();
  expect(exchanged).toBe(1);
});

test("fifteen keys on a phone, by finger and at twice the size: nothing is cut off, all can be touched", async ({
  stage,
}) => {
  const store = await openStore(stage);
  const { page } = store;
  await page.setViewportSize({ width: 390, height: 844 });
  const touch = await page.context().newCDPSession(page);
  await touch.send("Emulation.setTouchEmulationEnabled", { enabled: true });
  await touch.send("Emulation.setEmulatedMedia", {
    features: [{ name: "pointer", value: "coarse" }],
  });
  const keys = Array.from({ length: 15 }, () => demoKey().key);
  await page.locator("keyseal-store").evaluate(async (host, keys) => {
    const { vault } = host as HTMLElementTagNameMap["keyseal-store"];
    const labels = ["A label as long as a label may be, which is sixty characters", "مفتاح", ""];
    for (const [at, key] of keys.entries()) {
      await vault?.add(key, { provider: "demo", label: labels[at % 3] ?? "" });
    }
  }, keys);
  await expect(page.getByRole("group", { name: /^Demo key/ })).toHaveCount(15);
  const wide = () =>
    page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  expect(await wide()).toBe(0);
  const small = () =>
    page.locator("button, nav a, summary, .input").evaluateAll((touched) =>
      touched
        .map((it) => ({
          name: it.ariaLabel ?? it.textContent?.trim(),
          box: it.getBoundingClientRect(),
        }))
        .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 24))
        .map(({ name, box }) => `${name}: ${box.width} × ${box.height}`),
    );
  expect(await small()).toEqual([]);
  const middle = async (of: Locator) => {
    const box = await of.boundingBox();
    return box ? Math.round(box.y + box.height / 2) : 0;
  };
  const header = page.locator("header");
  const theme = await middle(header.getByRole("button").last());
  expect(Math.abs((await middle(header.getByText("keyseal"))) - theme)).toBeLessThan(4);
  for (const view of ["Usage", "Security", "Activity", "Playground", "Keys"]) {
    await page.getByRole("navigation").getByRole("link", { name: view, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    expect(await wide(), view).toBe(0);
    expect(await small(), view).toEqual([]);
  }
  // Twice the size on a desk is half the width.
  await page.setViewportSize({ width: 640, height: 450 });
  expect(await wide()).toBe(0);
  await page.getByRole("button", { name: "Add a key" }).first().click();
  const last = addDialog(page).getByRole("button", { name: "Seal and store" });
  await last.scrollIntoViewIfNeeded();
  await expect(last).toBeInViewport();
  expect(await wide()).toBe(0);
});
