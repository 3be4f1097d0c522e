import type { Entry } from "../../index.js";
import * as strings from "../strings.js";
import { ago, day, until } from "../ui/format.js";

/** How a status looks; colour only repeats what the words say. */
export type Tone = "ok" | "warn" | "bad" | "quiet";

export interface Shown {
  tone: Tone;
  /** The word of the status. */
  word: string;
  /** When it was found out. */
  when: string;
  /** Why, in a sentence, where that is worth a line. */
  why: string;
}

const TONES = {
  untested: "quiet",
  valid: "ok",
  limited: "warn",
  invalid: "bad",
  unknown: "warn",
} as const;

/** What to say of an entry: the first of these that holds is what its owner needs to know. */
export function shownStatus(entry: Entry, now = Date.now()): Shown {
  const words = strings.status;
  if (entry.pending === "revoke") {
    return { tone: "warn", word: words.revoking, when: "", why: strings.keys.pending.revoke };
  }
  const pending = entry.pending ? strings.keys.pending[entry.pending] : "";
  if (entry.needsReentry) {
    const why = entry.statusDetail ?? strings.keys.enterAgainWhy;
    return { tone: "bad", word: words.reentry, when: "", why };
  }
  if (entry.expiresAt && Date.parse(entry.expiresAt) <= now) {
    return { tone: "quiet", word: words.expired, when: day(entry.expiresAt), why: pending };
  }
  if (!entry.isActive) return { tone: "quiet", word: words.off, when: "", why: pending };
  if (entry.budgetLeftUsd !== null && entry.budgetLeftUsd <= 0) {
    return { tone: "bad", word: words.spent, when: "", why: pending || words.spentWhy };
  }
  if (entry.restingUntil && Date.parse(entry.restingUntil) > now) {
    const when = words.restingFor(until(entry.restingUntil, now));
    return { tone: "warn", word: words.resting, when, why: pending || words.restingWhy };
  }
  return {
    tone: TONES[entry.status],
    word: words[entry.status],
    when: entry.lastTestedAt ? ago(entry.lastTestedAt, now) : "",
    why: pending || (entry.status === "valid" ? "" : (entry.statusDetail ?? "")),
  };
}
