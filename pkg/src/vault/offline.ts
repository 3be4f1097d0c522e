import { KeysealError } from "../errors.js";
import { isAway } from "./companion.js";
import { Exclusive } from "./exclusive.js";
import type { Notes } from "./notes.js";
import { Queue, type Waiting } from "./queue.js";

const DROPPED = "dropped.";

/** Refusals that pass: the change goes on waiting. Any other answer of the companion is its verdict on the change. */
const PASSES: ReadonlySet<string> = new Set(["unauthorized", "rate_limited"]);

interface Dropped {
  message: string;
  next: string;
}

/**
 * What becomes of changes to synced entries that were made while the companion was away. They are sent in order, by
 * one tab at a time. The rule: what was revoked stays revoked; of a field that was changed on both sides, the change
 * that reaches the companion last stays; a change that the companion refuses for good is dropped, and said to be.
 */
export class Offline {
  readonly #notes: Notes;
  readonly #queue: Queue;
  readonly #oneTab: Exclusive;
  readonly #named: (id: string) => string;
  /** The same error for the same note, so that it can be told apart from a new one. */
  readonly #said = new Map<string, KeysealError>();
  #sending: Promise<void> | undefined;

  constructor(notes: Notes, named: (id: string) => string) {
    this.#notes = notes;
    this.#queue = new Queue(notes);
    this.#oneTab = new Exclusive(notes, "queue");
    this.#named = named;
  }

  get isEmpty(): boolean {
    return this.#queue.isEmpty;
  }

  waiting(): Iterable<Waiting> {
    return this.#queue.list().values();
  }

  add(waiting: Waiting): void {
    this.#queue.add(waiting);
  }

  /** Sends all that waits, with `send`. Where the companion is away, throws, and the rest goes on waiting. */
  send(send: (waiting: Waiting) => Promise<void>): Promise<void> {
    this.#sending ??= this.#oneTab
      .run(() => this.#send(send))
      .finally(() => {
        this.#sending = undefined;
      });
    return this.#sending;
  }

  async #send(send: (waiting: Waiting) => Promise<void>): Promise<void> {
    for (const [name, waiting] of this.#queue.list()) {
      try {
        await send(waiting);
      } catch (thrown) {
        const error = KeysealError.from(thrown);
        if (isAway(error) || PASSES.has(error.code) || (error.status ?? 0) >= 500) throw error;
        this.#drop(waiting, error);
      }
      this.#queue.done(name);
    }
  }

  /** Changes that were dropped, until somebody has read of them. */
  get dropped(): readonly KeysealError[] {
    const noted = this.#notes.all<Partial<Dropped>>(DROPPED);
    for (const name of this.#said.keys()) if (!noted.has(name)) this.#said.delete(name);
    for (const [name, { message, next }] of noted) {
      if (this.#said.has(name) || typeof message !== "string") continue;
      this.#said.set(name, new KeysealError("change_dropped", message, { next }));
    }
    return [...this.#said.values()];
  }

  /** It has been read. */
  dismiss(problem: KeysealError): boolean {
    for (const [name, error] of this.#said) {
      if (error !== problem) continue;
      this.#notes.remove(name);
      return true;
    }
    return false;
  }

  #drop(waiting: Waiting, error: KeysealError): void {
    const what = waiting.do === "reorder" ? "The order" : `A change to ${this.#named(waiting.id)}`;
    const gone = error.code === "not_found" || error.code === "revoked_id";
    this.#notes.try(`${DROPPED}${crypto.randomUUID()}`, {
      message: `${what}, made while the companion was away, was dropped: ${
        gone ? "the key was revoked meanwhile." : error.message
      }`,
      next: gone ? "Nothing else was lost." : "Make it again if it is still wanted.",
    } satisfies Dropped);
  }
}
