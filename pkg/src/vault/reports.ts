import type { Activity, Usage, UsageRow } from "../types.js";
import { type ActivityQuery, isoDate, type UsageQuery } from "./arguments.js";
import type { Companion } from "./companion.js";

/** The companion's largest page of rows. */
const ROWS = "1000";

interface UsagePage extends Usage {
  rows: UsageRow[];
  nextCursor: string | null;
}

/** What the companion has counted and written down of a caller: read, page by page. */
export class Reports {
  readonly #companion: Companion;

  constructor(companion: Companion) {
    this.#companion = companion;
  }

  async usage(query: UsageQuery): Promise<Usage> {
    const rows: UsageRow[] = [];
    for (let cursor: string | undefined; ; ) {
      const asked = address("usage", { ...query, limit: ROWS, cursor });
      const { nextCursor, ...page } = await this.#companion.call<UsagePage>("GET", asked);
      rows.push(...page.rows);
      if (nextCursor === null) return { ...page, rows };
      cursor = nextCursor;
    }
  }

  async usageCsv(query: UsageQuery): Promise<string> {
    const pages: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const asked = address("usage", { ...query, format: "csv", cursor });
      const answer = await this.#companion.answer("GET", asked);
      const text = await answer.text();
      // Each page begins with the names of its columns; no name has a line's end in it.
      pages.push(cursor === undefined ? text : text.slice(text.indexOf("\r\n") + 2));
      cursor = answer.headers.get("Keyseal-Next-Cursor") ?? undefined;
      if (cursor === undefined) return pages.join("");
    }
  }

  activity({ since, until, ...query }: ActivityQuery): Promise<Activity> {
    const asked = address("audit", {
      ...query,
      since: since && isoDate(since),
      until: until && isoDate(until),
    });
    return this.#companion.call("GET", asked);
  }
}

function address(of: "usage" | "audit", query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `/api/v1/${of}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
