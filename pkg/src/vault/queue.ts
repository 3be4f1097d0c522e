import type { Entry } from "../types.js";
import type { ListedEntry } from "./entries.js";
import type { Change } from "./keeper.js";
import type { Notes } from "./notes.js";

const QUEUE = "queue.";

/** A change to synced entries that the companion has not heard of yet. Safe to send again; never a key. */
export type Waiting =
  | { do: "update"; id: string; change: Change }
  | { do: "revoke"; id: string }
  | { do: "reorder"; provider: string; ids: readonly string[] };

/** Changes that wait for the companion, each a record of its own: no tab writes over what another has queued. */
export class Queue {
  readonly #notes: Notes;
  #last = 0;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  get isEmpty(): boolean {
    return this.#notes.all(QUEUE).size === 0;
  }

  /** By name, in the order in which they were made. */
  list(): Map<string, Waiting> {
    const waiting = this.#notes.all<Waiting>(QUEUE);
    for (const [name, value] of waiting) if (!isWaiting(value)) waiting.delete(name);
    return waiting;
  }

  /** Throws where it cannot be stored: then nothing has been done, and the caller hears it. */
  add(waiting: Waiting): void {
    // In order of time, whatever the clock does; and of the same moment in two tabs, each keeps its own.
    this.#last = Math.max(Date.now(), this.#last + 1);
    const order = String(this.#last).padStart(15, "0");
    this.#notes.write(`${QUEUE}${order}.${crypto.randomUUID().slice(0, 8)}`, waiting);
    if (waiting.do === "revoke") this.#forget(waiting.id);
  }

  done(name: string): void {
    this.#notes.remove(name);
  }

  /** What was to become of an entry that is going to be revoked does not matter any more. */
  #forget(id: string): void {
    for (const [name, waiting] of this.list()) {
      if (waiting.do === "update" && waiting.id === id) this.done(name);
    }
  }
}

/** The list as it will be when the companion has heard of everything, each entry that waits marked. */
export function overlaid<T extends ListedEntry | Entry>(
  listed: readonly T[],
  waiting: Iterable<Waiting>,
): readonly T[] {
  const entries = new Map(listed.map((entry) => [entry.id, entry]));
  const put = (id: string, pending: Entry["pending"], change: Change) => {
    const entry = entries.get(id);
    if (entry) entries.set(id, { ...entry, ...change, pending });
  };
  for (const one of waiting) {
    if (one.do === "update") put(one.id, "update", one.change);
    else if (one.do === "revoke") put(one.id, "revoke", { isActive: false });
    else
      for (const [priority, id] of one.ids.entries()) {
        if (entries.get(id)?.priority !== priority) put(id, "update", { priority });
      }
  }
  return [...entries.values()];
}

function isWaiting(value: unknown): value is Waiting {
  const { do: what, id, change, provider, ids } = (value ?? {}) as Record<string, unknown>;
  if (what === "reorder") {
    return (
      typeof provider === "string" &&
      Array.isArray(ids) &&
      ids.every((id) => typeof id === "string")
    );
  }
  if (typeof id !== "string") return false;
  return what === "revoke" || (what === "update" && typeof change === "object" && change !== null);
}
