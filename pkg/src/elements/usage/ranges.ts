// The stretches of time that usage is shown for, all in UTC as it is counted.

const DAY_MS = 86_400_000;

export const RANGES = ["month", "days30", "days90", "year"] as const;
export type Range = (typeof RANGES)[number];

export interface Stretch {
  from: string;
  to: string;
  /** What one bar stands for: a year of days would be more bars than anybody can read. */
  step: "day" | "week";
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** From when to when. */
export function stretchOf(range: Range, now = Date.now()): Stretch {
  const to = dayOf(now);
  const back = (days: number) => dayOf(now - (days - 1) * DAY_MS);
  switch (range) {
    case "month":
      return { from: `${to.slice(0, 8)}01`, to, step: "day" };
    case "days30":
      return { from: back(30), to, step: "day" };
    case "days90":
      return { from: back(90), to, step: "day" };
    case "year":
      return { from: back(365), to, step: "week" };
  }
}

/** All days, or the Mondays of all weeks, of a stretch: those without any use too. */
export function stepsOf({ from, to, step }: Stretch): string[] {
  const first = Date.parse(from);
  // Day 0 was a Thursday.
  const monday = first - ((first / DAY_MS + 3) % 7) * DAY_MS;
  const steps: string[] = [];
  const width = step === "week" ? 7 * DAY_MS : DAY_MS;
  for (let at = step === "week" ? monday : first; at <= Date.parse(to); at += width) {
    steps.push(dayOf(at));
  }
  return steps;
}
