import type { BrowserContext } from "@playwright/test";

const DAYS = 30;

/** By provider and model: requests on a busy day, tokens of one, and what a million of them costs. */
const MODELS = [
  ["openai", "gpt-4o-mini", 34, 1900, 0.3],
  ["anthropic", "claude-sonnet-4-5", 21, 3100, 6],
  ["groq", "llama-3.3-70b-versatile", 12, 1400, 0.7],
] as const;

interface Sums {
  [name: string]: string | number | null;
}

/** The same numbers in every picture. */
function wave(at: number): number {
  const value = Math.sin(at * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

function rows(entries: Record<string, string | undefined>): Sums[] {
  const all: Sums[] = [];
  for (let back = DAYS - 1; back >= 0; back -= 1) {
    const date = new Date(Date.now() - back * 86_400_000);
    const day = date.toISOString().slice(0, 10);
    const weekend = date.getUTCDay() % 6 === 0 ? 0.25 : 1;
    for (const [place, [provider, model, busy, each, price]] of MODELS.entries()) {
      const requests = Math.round(busy * weekend * (0.4 + wave(back * 3 + place)));
      const totalTokens = requests * each;
      all.push({
        day,
        week: day,
        provider,
        model,
        entry: entries[provider] ?? null,
        credential: "entry",
        requests,
        failedRequests: wave(back + place) > 0.93 ? 1 : 0,
        unknownRequests: 0,
        uncountedRequests: 0,
        inputTokens: Math.round(totalTokens * 0.7),
        cachedTokens: 0,
        cacheWriteTokens: 0,
        outputTokens: Math.round(totalTokens * 0.3),
        reasoningTokens: 0,
        totalTokens,
        images: 0,
        audioSeconds: 0,
        characters: 0,
        estimatedCostUsd: (totalTokens * price) / 1e6,
        feeUsd: 0,
      });
    }
  }
  return all;
}

/** A month of use: the companion here is minutes old. Sums as it makes them, of other numbers. */
export async function pretendHistory(
  context: BrowserContext,
  entries: Record<string, string | undefined>,
): Promise<void> {
  const all = rows(entries);
  await context.route(
    (url) => url.pathname === "/api/v1/usage",
    async (route) => {
      const url = new URL(route.request().url());
      const by = (url.searchParams.get("by") ?? "day").split(",");
      const from = url.searchParams.get("from") ?? "";
      const to = url.searchParams.get("to") ?? "9";
      const within = all.filter(({ day }) => String(day) >= from && String(day) <= to);
      const real = await (await route.fetch()).json();
      await route.fulfill({
        json: {
          ...real,
          rows: summed(within, by),
          totals: summed(within, [])[0],
          nextCursor: null,
        },
      });
    },
  );
}

function summed(all: Sums[], by: string[]): Sums[] {
  const groups = new Map<string, Sums>();
  for (const row of all) {
    const name = by.map((member) => row[member]).join("\n");
    const group =
      groups.get(name) ?? Object.fromEntries(by.map((member) => [member, row[member] ?? null]));
    if (by.includes("entry")) group.credential = "entry";
    for (const [member, value] of Object.entries(row)) {
      if (typeof value === "number") group[member] = Number(group[member] ?? 0) + value;
    }
    groups.set(name, group);
  }
  return [...groups.values()];
}
