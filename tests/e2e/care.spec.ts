// Every view as people with other eyes and hands have it: axe at three widths, light and dark; and the whole way of a
// key by keyboard alone.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Locator, type Page } from "@playwright/test";
import type { AxeResults, RunOptions } from "axe-core";
import { demoKey } from "../support/canary.mjs";
import { test as base } from "./support/browser.js";
import { Furnished } from "./support/furnished.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = { phone: 360, tablet: 820, desktop: 1280 } as const;

const test = base.extend<object, { furnished: Furnished }>({
  furnished: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => {
      const furnished = await Furnished.set();
      await use(furnished);
      await furnished.strike();
    },
    { scope: "worker" },
  ],
});

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds, as lines a person can act on: all of its rules, or those about colours alone. */
async function violations(page: Page, only: "all" | "colours" = "all"): Promise<string[]> {
  const runOnly =
    only === "all"
      ? RULES
      : { type: "rule" as const, values: ["color-contrast", "link-in-text-block"] };
  const options: RunOptions = { runOnly, resultTypes: ["violations"] };
  return page.evaluate(async (options) => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } };
    const { violations } = await axe.run(options);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id}: ${target.flat().join(" › ")}: ${failureSummary}`,
      ),
    );
  }, options);
}

test("axe finds nothing to mend in any view, at any width, in light and dark", async ({
  browser,
  furnished,
}) => {
  test.setTimeout(180_000);
  const { context, page } = await furnished.open(browser, { reducedMotion: "reduce" });
  await expect(page.getByRole("heading", { name: "Secure Store", level: 1 })).toBeVisible();
  await page.evaluate(axe);
  const found: Record<string, string[]> = {};
  const look = async (name: string) => {
    for (const [width, pixels] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width: pixels, height: 900 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        // The dark theme differs in nothing but its colours.
        const seen = await violations(page, colorScheme === "dark" ? "colours" : "all");
        if (seen.length > 0) found[`${name}, ${width}, ${colorScheme}`] = seen;
      }
    }
  };

  await test.step("with nothing in it", () => look("empty"));
  await furnished.furnish(context, page);
  await page.reload();
  await page.evaluate(axe);
  const links = page.getByRole("navigation").getByRole("link");
  await expect(links.first()).toBeVisible();
  const views = await links.allTextContents();
  expect(views.length).toBeGreaterThan(2);
  for (const name of views.map((text) => text.trim())) {
    await test.step(name, async () => {
      await page.setViewportSize({ width: WIDTHS.desktop, height: 900 });
      await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
      await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
      await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
      await look(name);
    });
  }

  await test.step("while a key is added", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Keys", exact: true }).click();
    await page.getByRole("button", { name: "Add a key" }).first().click();
    await look("adding");
    await page.getByRole("dialog").getByLabel("API key").focus();
    await page.keyboard.insertText(demoKey().key);
    await look("adding a key that is known");
    await page.keyboard.press("Escape");
  });
  await test.step("while a menu, and a question, are open", async () => {
    await page
      .getByRole("button", { name: /^More for / })
      .first()
      .click();
    await look("menu");
    await page.getByRole("menuitem", { name: /^Revoke/ }).click();
    await look("question");
  });
  expect(found).toEqual({});
  // It would find something: a control without a name, and text that nobody can read.
  await page.keyboard.press("Escape");
  await page.evaluate(() => {
    const pale = document.createElement("p");
    pale.textContent = "Pale";
    Object.assign(pale.style, { color: "#eee", background: "#fff" });
    document.body.append(document.createElement("button"), pale);
  });
  const planted = (await violations(page)).join("\n");
  expect(planted).toContain("button-name");
  expect(planted).toContain("color-contrast");
  await context.close();
});

/** Where the focus is, through all shadow roots. */
const focused = (page: Page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at?.getAttribute("aria-label") || at?.textContent?.trim() || at?.tagName || "";
  });

/** Tab until the focus is on it, as somebody does without a mouse; what has it must show that. */
async function tabTo(page: Page, wanted: Locator, back = false): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await wanted.evaluate((it) => it.matches(":focus")).catch(() => false)) {
      const shown = await wanted.evaluate((it) => it.matches(":focus-visible"));
      expect(shown, "the focus is seen").toBe(true);
      return;
    }
    await page.keyboard.press(back ? "Shift+Tab" : "Tab");
  }
  throw new Error(`never reached; the focus is on ${await focused(page)}`);
}

test("by keyboard alone: add, test, order, rename, revoke, and every view", async ({
  browser,
  furnished,
}) => {
  const { context, page } = await furnished.open(browser);
  const [first, second] = [demoKey(), demoKey()];
  const press = (key: string) => page.keyboard.press(key);
  const dialog = page.getByRole("dialog", { name: "Add a key" });
  const row = (key: string) =>
    page.getByRole("group", { name: new RegExp(`key .*…${key.slice(-4)}\\b`) });

  for (const { key } of [first, second]) {
    await tabTo(page, page.getByRole("button", { name: "Add a key" }).first());
    await press("Enter");
    await expect(dialog.getByLabel("API key")).toBeFocused();
    await page.keyboard.insertText(key);
    await tabTo(page, dialog.getByRole("button", { name: "Seal and store" }));
    await press("Enter");
    await expect(dialog.getByRole("status")).toContainText("accepts this key");
    await tabTo(page, dialog.getByRole("button", { name: "Done" }));
    await press("Enter");
    await expect(row(key)).toContainText("Valid");
    expect(await focused(page), "the focus comes back").not.toBe("BODY");
  }

  await test.step("order, by the handle's arrow keys", async () => {
    const rows = page.getByRole("group", { name: /key .*…/ });
    const places = () => rows.evaluateAll((all) => all.map((it) => it.getAttribute("aria-label")));
    const before = await places();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route("**/api-keys/reorder", async (route) => {
      await answered;
      await route.continue();
    });
    const handle = row(second.key).getByRole("button").first();
    await tabTo(page, handle, true);
    await press("ArrowUp");
    await expect.poll(places).not.toEqual(before);
    await expect(handle).toBeFocused();

    // Whoever goes on while the companion is told stays there.
    const next = row(first.key).getByRole("button", { name: /^More for / });
    await tabTo(page, next);
    answer();
    await expect(page.getByText(/is now number 1 of 2/)).toBeAttached();
    await expect(next).toBeFocused();
  });

  await test.step("revoke, by the menu and the question", async () => {
    const more = row(first.key).getByRole("button", { name: /^More for / });
    await tabTo(page, more);
    await press("Enter");
    const revoke = row(first.key).getByRole("menuitem", { name: /^Revoke/ });
    for (
      let tries = 0;
      tries < 12 && !(await revoke.evaluate((it) => it.matches(":focus")));
      tries += 1
    ) {
      await press("ArrowDown");
    }
    await press("Enter");
    await tabTo(page, page.getByRole("button", { name: "Revoke key" }));
    await press("Enter");
    await expect(row(first.key)).toHaveCount(0);
  });

  await test.step("every view, by its link", async () => {
    const links = page.getByRole("navigation").getByRole("link");
    for (let at = 0; at < (await links.count()); at += 1) {
      await tabTo(page, links.nth(at), true);
      await press("Enter");
      await expect(links.nth(at)).toHaveAttribute("aria-current", "page");
      await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
    }
  });
  await context.close();
});
