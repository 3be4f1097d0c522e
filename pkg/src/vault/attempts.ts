import { codeOf } from "../errors.js";
import type { Notes } from "./notes.js";

const FIRST_MS = 1_000;
const MOST_MS = 30_000;
const TRIES = "tries";

interface Tries {
  wrong: number;
  /** When the next one may be made. */
  from: number;
}

/**
 * After a wrong secret the next attempt waits: 1 s, 2 s, 4 s … at most 30 s, over all tabs. Nobody is locked out, and
 * whatever was wrong, the answer is the same. It slows down whoever sits before this page; whoever has the records
 * tries elsewhere, against the cost of Argon2id.
 */
export class Attempts {
  readonly #notes: Notes;
  #last: Promise<unknown> = Promise.resolve();

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** Makes an attempt when its time has come; those of one page one after another. */
  make<T>(attempt: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#make(attempt));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #make<T>(attempt: () => Promise<T>): Promise<T> {
    const { from, wrong } = this.#tries();
    // A clock that was put back must not make anybody wait longer than the rule says.
    const wait = Math.min(from - Date.now(), waitAfter(wrong));
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const done = await attempt();
      this.#notes.remove(TRIES);
      return done;
    } catch (error) {
      if (codeOf(error) === "wrong_secret") {
        const wrong = this.#tries().wrong + 1;
        this.#notes.try(TRIES, { wrong, from: Date.now() + waitAfter(wrong) } satisfies Tries);
      }
      throw error;
    }
  }

  #tries(): Tries {
    const { wrong, from } = this.#notes.read<Partial<Tries>>(TRIES) ?? {};
    return { wrong: Number(wrong) || 0, from: Number(from) || 0 };
  }
}

function waitAfter(wrong: number): number {
  return wrong < 1 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (wrong - 1));
}
