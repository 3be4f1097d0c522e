import type { UsageRow } from "../../index.js";

/** What the bars are high by. */
export const MEASURES = ["cost", "requests", "tokens"] as const;
export type Measure = (typeof MEASURES)[number];

/** One provider's part of each bar. */
export interface Series {
  name: string;
  values: number[];
  total: number;
}

/** So many are told apart at a glance; the smallest go together. */
const MOST = 5;

export function measured(row: Pick<UsageRow, "requests" | "totalTokens" | "estimatedCostUsd">) {
  return {
    cost: row.estimatedCostUsd ?? 0,
    requests: row.requests,
    tokens: row.totalTokens,
  } satisfies Record<Measure, number>;
}

/** Rows by step and provider as series, the largest first. */
export function seriesOf(
  rows: readonly UsageRow[],
  steps: readonly string[],
  measure: Measure,
  nameOf: (provider: string) => string,
  others: string,
): Series[] {
  const places = new Map(steps.map((step, place) => [step, place]));
  const found = new Map<string, Series>();
  for (const row of rows) {
    const place = places.get(row.week ?? row.day ?? "");
    const value = measured(row)[measure];
    if (place === undefined || !row.provider || value === 0) continue;
    const one = found.get(row.provider) ?? {
      name: nameOf(row.provider),
      values: steps.map(() => 0),
      total: 0,
    };
    one.values[place] = (one.values[place] ?? 0) + value;
    one.total += value;
    found.set(row.provider, one);
  }
  const all = [...found.values()].sort((a, b) => b.total - a.total);
  if (all.length <= MOST + 1) return all;
  const rest = all.slice(MOST);
  return [
    ...all.slice(0, MOST),
    {
      name: others,
      values: steps.map((_, place) => rest.reduce((sum, one) => sum + (one.values[place] ?? 0), 0)),
      total: rest.reduce((sum, one) => sum + one.total, 0),
    },
  ];
}
