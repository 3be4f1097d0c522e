import type { ActivityEvent } from "../../index.js";
import * as strings from "../strings.js";

const WORDS = strings.activity;

const known = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** An act in words; one that this page does not know of yet by its name. */
export function wordsOf(action: string): string {
  return known<{ said: string }>(WORDS.actions, action)?.said ?? action;
}

/** What is noted of an act, in words. */
export function detailOf({ action, detail }: ActivityEvent): string {
  if (!detail) return "";
  switch (action) {
    case "key.update":
      return WORDS.changed(detail.split(",").map((name) => known(WORDS.members, name) ?? name));
    case "key.test":
      return known(WORDS.verdicts, detail) ?? detail;
    case "usage.export":
      return WORDS.exported(detail.split(",").map((name) => known(WORDS.dimensions, name) ?? name));
    case "request.refuse":
      return refusal(detail);
    default:
      return detail;
  }
}

/** A code, and how many more of it there were. */
function refusal(detail: string): string {
  const [, code = "", more] = /^([a-z_]+)(?:, and (\d+) more\b.*)?$/.exec(detail) ?? [];
  const words = known(WORDS.refusals, code);
  if (!words) return detail;
  return more ? `${words} ${WORDS.moreOfIt(Number(more))}` : words;
}
