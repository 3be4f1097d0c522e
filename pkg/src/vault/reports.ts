import { KeysealError } from "../errors.js";
import type { Activity, Usage, UsageRow } from "../types.js";
import type { ActivityQuery, UsageQuery } from "./arguments.js";
import type { Companion } from "./companion.js";

/** The companion's largest page of rows. */
const ROWS = "1000";

const DIMENSIONS: ReadonlySet<unknown> = new Set(["day", "week", "provider", "model", "entry"]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d\d-\d\d$/;
const ACTION = /^[a-z]+\.[a-z]+$/;

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
    const asked = usageAsked(query);
    const rows: UsageRow[] = [];
    for (let cursor: string | undefined; ; ) {
      const path = address("usage", { ...asked, limit: ROWS, cursor });
      const { nextCursor, ...page } = await this.#companion.call<UsagePage>("GET", path);
      rows.push(...page.rows);
      if (nextCursor === null) return { ...page, rows };
      cursor = nextCursor;
    }
  }

  async usageCsv(query: UsageQuery): Promise<string> {
    const asked = usageAsked(query);
    const pages: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const path = address("usage", { ...asked, format: "csv", cursor });
      const answer = await this.#companion.answer("GET", path);
      const text = await answer.text();
      // Each page begins with the names of its columns; no name has a line's end in it.
      pages.push(cursor === undefined ? text : text.slice(text.indexOf("\r\n") + 2));
      cursor = answer.headers.get("Keyseal-Next-Cursor") ?? undefined;
      if (cursor === undefined) return pages.join("");
    }
  }

  async activity(query: ActivityQuery): Promise<Activity> {
    return this.#companion.call("GET", address("audit", activityAsked(query)));
  }
}

// What is asked for stands in an address, which is logged on its way: nothing goes into it but what belongs there.

function usageAsked({ from, to, by }: UsageQuery): Asked {
  return {
    from: fitting("from", from, DAY, "a day (UTC), as 2026-11-30"),
    to: fitting("to", to, DAY, "a day (UTC), as 2026-11-30"),
    by: by === undefined ? undefined : dimensions(by),
  };
}

function activityAsked({ action, entry, since, until, cursor, limit }: ActivityQuery): Asked {
  if (limit !== undefined && !Number.isInteger(limit)) throw unfit("limit", "a whole number");
  return {
    action: fitting("action", action, ACTION, "the name of an action, as in key.revoke"),
    entry: fitting("entry", entry, UUID, "the id of an entry"),
    cursor: fitting("cursor", cursor, UUID, "the nextCursor of an answer before"),
    since: moment("since", since),
    until: moment("until", until),
    limit: limit?.toString(),
  };
}

type Asked = Readonly<Record<string, string | undefined>>;

function dimensions(by: readonly unknown[]): string {
  if (Array.isArray(by) && by.length > 0 && by.every((one) => DIMENSIONS.has(one))) {
    return by.join(",");
  }
  throw unfit("by", "some of day, week, provider, model and entry");
}

function fitting(name: string, value: unknown, form: RegExp, words: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && form.test(value)) return value;
  throw unfit(name, words);
}

function moment(name: string, value: string | Date | undefined): string | undefined {
  if (value === undefined) return undefined;
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) throw unfit(name, "a time (RFC 3339), or a Date");
  return time.toISOString();
}

function unfit(name: string, words: string): KeysealError {
  return new KeysealError("validation", `\`${name}\` must be ${words}.`);
}

function address(of: "usage" | "audit", asked: Asked): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked))
    if (value !== undefined) query.set(name, value);
  return `/api/v1/${of}?${query}`;
}
