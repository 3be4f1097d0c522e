// <keyseal-usage> and <keyseal-activity> alone on the page of another app, under a strict policy.

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { demoKey, findIn } from "../support/canary.mjs";
import { SecureStore } from "./support/store.js";
import { expect, test } from "./support/views.js";

/** A table of the page as texts, row by row. */
const cells = (page: Page, caption: string) =>
  page
    .getByRole("table", { name: caption, exact: true })
    .locator("tr")
    .evaluateAll((rows) =>
      rows.map((row) =>
        [...row.querySelectorAll("th, td")].map((cell) =>
          (cell.textContent ?? "").replace(/[↓↑]/g, "").replace(/\s+/g, " ").trim(),
        ),
      ),
    );

test("usage: counted, shown as a number, bars and tables, and saved as the same CSV", async ({
  views,
  page,
}) => {
  const [first, second] = [demoKey(), demoKey()];
  await views.show("usage");
  await expect(page.getByText("Nothing went through the companion in this time")).toBeVisible();

  const prod = await views.add(first.key, { label: "=prod", budgetUsd: 5 });
  const other = await views.add(second.key, { label: "other" });
  for (const entry of [prod, prod, other]) await views.chat(entry);
  await expect(async () => {
    await views.show("usage");
    await expect(page.getByRole("definition").first()).toHaveText("3", { timeout: 1_000 });
  }).toPass();
  await expect(page.getByText("$0.00").first()).toBeVisible();
  await expect(page.getByText("$5.00 left")).toBeVisible();

  // Of what costs nothing the bars show requests; the same stands in a table that is heard, and seen on demand.
  await expect(page.getByRole("button", { name: "Requests", exact: true }).first()).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  const chart = page.getByRole("img", { name: /^Requests by day and provider. In all 3/ });
  await expect(chart).toBeVisible();
  expect(await chart.evaluate((canvas: HTMLCanvasElement) => canvas.width)).toBeGreaterThan(100);
  const today = new Date().toISOString().slice(0, 10);
  const heard = await cells(page, "Requests by day and provider");
  expect(heard.length).toBe(1 + new Date().getUTCDate());
  expect(heard.at(-1)?.slice(1)).toEqual(["3", "3"]);
  await page.getByRole("button", { name: "As a table" }).click();
  await expect(chart).toBeHidden();
  await expect(page.getByRole("columnheader", { name: "In all" })).toBeVisible();

  // Sorted by a column's head, by keys too.
  await page.getByRole("button", { name: "Key", exact: true }).click();
  const byKey = await cells(page, "Usage by key");
  expect(byKey.slice(1).map(([name, requests]) => [name?.split(" ")[0], requests])).toEqual([
    ["=prod", "2"],
    ["other", "1"],
  ]);
  const head = page.getByRole("button", { name: "Requests" }).last();
  await head.press("Enter");
  await expect(page.getByRole("columnheader", { name: "Requests" }).last()).toHaveAttribute(
    "aria-sort",
    "ascending",
  );
  expect((await cells(page, "Usage by key"))[1]?.[1]).toBe("1");

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as CSV" }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe(
    `keyseal-usage-by-entry-${today.slice(0, 8)}01-${today}.csv`,
  );
  const csv = readFileSync(await file.path(), "utf8");
  const [names = [], ...lines] = csv
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  const column = (name: string) => lines.map((line) => line[names.indexOf(name)]).sort();
  expect(column("requests")).toEqual(["1", "2"]);
  expect(column("entry")).toEqual([prod, other].sort());
  const shown = byKey.slice(1).map((row) => row[byKey[0]?.indexOf("Tokens") ?? 0]);
  expect(column("totalTokens")).toEqual(shown.sort());
  expect(csv).not.toMatch(/(^|,|\n)"?[=+@]/);
});

test("a year of fifteen providers, in light and dark; a companion that is away, and back", async ({
  views,
  page,
}) => {
  await aYear(page);
  await views.show("usage");
  await page.getByRole("button", { name: "Year" }).click();
  await expect(page.getByText("Last 12 months, estimated")).toBeVisible();
  await expect(page.getByText("+ 3 requests of unknown price")).toBeVisible();
  const chart = page.getByRole("img", { name: /^Estimated cost by week and provider/ });
  await expect(chart).toBeVisible();
  // Five by name, and the rest together; each with a pattern beside its colour.
  const legend = page.getByRole("list", { name: "Providers, the largest first" });
  await expect(legend.getByRole("listitem")).toHaveCount(6);
  await expect(legend.getByRole("listitem").last()).toContainText("Others");
  expect((await cells(page, "Estimated cost by week and provider")).length).toBe(1 + 53);
  await page.getByRole("button", { name: "Model", exact: true }).click();
  await page.getByRole("button", { name: "Show all 60 rows" }).click();
  expect((await cells(page, "Usage by model")).length).toBe(61);

  const ground = () => chart.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  await expect.poll(async () => (await ground()).length).toBeGreaterThan(5_000);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(ground, "the bars follow the theme").not.toBe(light);

  await page.setViewportSize({ width: 390, height: 844 });
  const wider = () =>
    page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  await expect.poll(wider, "nothing sticks out on a phone").toBeLessThanOrEqual(0);

  await page.unroute("**/api/v1/usage?*");
  await page.route("**/api/v1/usage?*", (route) => route.abort());
  await page.getByRole("button", { name: "30 days" }).click();
  await expect(page.getByRole("alert")).toContainText("cannot be reached");
  await expect(page.getByRole("alert")).toContainText("What you see here is from before.");
  await expect(legend).toBeVisible();
  await page.unroute("**/api/v1/usage?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByText("Nothing went through the companion in this time")).toBeVisible();
});

test("activity: in words, filtered by what, key and day, and page by page", async ({
  views,
  page,
}) => {
  const [first, second] = [demoKey(), demoKey()];
  const one = await views.add(first.key, { label: "one" });
  const two = await views.add(second.key, { label: "two" });
  await page.evaluate(
    async ([one = "", two = ""]) => {
      const { vault } = window.views;
      await vault?.update(one, { isActive: false, label: "uno" });
      await vault?.test(two);
      for (let n = 0; n < 25; n += 1) {
        await vault?.update(two, { label: `two ${n}` });
        await vault?.update(one, { label: `one ${n}` });
      }
      await vault?.revoke(two);
    },
    [one, two],
  );
  await views.show("activity");
  const list = page.getByRole("listitem");
  await expect(list).toHaveCount(50);
  await expect(list.first()).toContainText("Key revoked");
  await page.getByRole("button", { name: "Show older" }).click();
  await expect(list).toHaveCount(55);
  await expect(page.getByText("That is all there is.")).toBeVisible();

  await page.getByLabel("What").selectOption({ label: "Keys tested" });
  await expect(list).toHaveCount(1);
  await expect(list).toContainText("The provider accepts it.");
  await page.getByLabel("What").selectOption({ label: "Keys changed" });
  await page.getByRole("combobox", { name: "Key" }).selectOption(one);
  await expect(list).toHaveCount(26);
  await expect(list.last()).toContainText("What changed: label, turned on or off");
  const today = new Date();
  const local = `${today.getFullYear()}-${`${today.getMonth() + 1}`.padStart(2, "0")}-${`${today.getDate()}`.padStart(2, "0")}`;
  await page.getByLabel("From").fill(local);
  await page.getByLabel("To", { exact: true }).fill(local);
  await expect(list).toHaveCount(26);
  await page.getByLabel("From").fill("2020-01-01");
  await page.getByLabel("To", { exact: true }).fill("2020-01-02");
  await expect(page.getByText("Nothing like that")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await expect(list).toHaveCount(50);

  await test.step("and none of the views ever held a key", async () => {
    const store = new SecureStore(page);
    const texts: string[] = [];
    for (const view of ["usage", "activity", "security"] as const) {
      await views.show(view);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      texts.push(await store.everything());
    }
    texts.push(...(await page.evaluate(() => window.views.heard)));
    for (const { secret } of [first, second]) expect(findIn(texts.join("\n"), secret)).toEqual([]);
    // The search finds what is there: the mask of the one, and an event with something in it.
    expect(texts.join("\n")).toContain(first.key.slice(-4));
    await page.evaluate((text) => {
      dispatchEvent(new CustomEvent("control", { detail: { text } }));
    }, first.secret);
    const heard = await page.evaluate(() => window.views.heard.join("\n"));
    expect(findIn(heard, first.secret)).not.toEqual([]);
  });
});

const PROVIDERS =
  "openai anthropic gemini mistral groq deepseek openrouter cohere xai together fireworks perplexity replicate elevenlabs fal".split(
    " ",
  );
const DAY_MS = 86_400_000;

/** What a companion answers that counted a year of many providers. */
async function aYear(page: Page): Promise<void> {
  await page.route("**/api/v1/usage?*", (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const [from, to] = [asked.get("from") ?? "", asked.get("to") ?? ""];
    const by = (asked.get("by") ?? "").split(",");
    const rows = by.reduce<object[]>(
      (rows, one) => rows.flatMap((row) => split(row, one, from, to)),
      [{}],
    );
    const answer = {
      ...{ from, to, by, nextCursor: null, prices: "list 1.0" },
      rows: rows.map((row, at) => ({ ...row, ...sums(at) })),
      totals: { ...sums(5000), unknownRequests: 3 },
    };
    return route.fulfill({ json: answer, headers: { "access-control-allow-origin": "*" } });
  });
}

function split(row: object, by: string, from: string, to: string): object[] {
  const each = (values: readonly string[]) => values.map((value) => ({ ...row, [by]: value }));
  if (by === "provider") return each(PROVIDERS);
  if (by === "model") return each(["small", "large", "vision", "embeddings"]);
  if (by === "entry") return each(["a"]).map((row) => ({ ...row, credential: "envelope" }));
  const step = by === "week" ? 7 * DAY_MS : DAY_MS;
  const first = Date.parse(from);
  const days: string[] = [];
  const start = by === "week" ? first - ((first / DAY_MS + 3) % 7) * DAY_MS : first;
  for (let at = start; at <= Date.parse(to); at += step) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return each(days);
}

function sums(n: number) {
  const none = { cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  const units = { images: 0, audioSeconds: 0, characters: 0 };
  return {
    ...{ ...none, ...units, requests: 10 + n, failedRequests: n % 3, unknownRequests: n % 2 },
    ...{ uncountedRequests: 0, inputTokens: 1000 + n, outputTokens: 100, totalTokens: 1100 + n },
    ...{ estimatedCostUsd: 0.1 + (n % 40) / 100, feeUsd: 0.01 },
  };
}
