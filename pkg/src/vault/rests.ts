import type { Notes } from "./notes.js";

const REST = "rest.";
const SECOND = 1_000;
/** How long a key rests after an answer that does not say it, and at most. */
const USUAL_S = 30;
const LONGEST_S = 3_600;

/** Until when keys of this browser rest: their provider asked for a pause, and others serve meanwhile. */
export class Rests {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** When an entry may be asked again; null where it rests no longer. */
  until(id: string): string | null {
    const until = this.#notes.read<string>(REST + id);
    return typeof until === "string" && Date.parse(until) > Date.now() ? until : null;
  }

  /** Lets an entry rest as long as the answer says. */
  begin(id: string, headers: Headers): void {
    const now = Date.now();
    for (const [name, until] of this.#notes.all<string>(REST)) {
      if (!(Date.parse(until) > now)) this.#notes.remove(name);
    }
    const until = now + seconds(headers.get("retry-after")?.trim(), now) * SECOND;
    this.#notes.try(REST + id, new Date(until).toISOString());
  }
}

/** RFC 9110, 10.2.3: seconds or a date. */
function seconds(said: string | undefined, now: number): number {
  if (!said) return USUAL_S;
  const given = Number(said);
  const until = (Date.parse(said) - now) / SECOND;
  const rest = Number.isNaN(given) ? until : given < 0 ? Number.NaN : given;
  return Number.isNaN(rest) ? USUAL_S : Math.min(Math.max(rest, 1), LONGEST_S);
}
