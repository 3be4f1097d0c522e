import type { Entry } from "../types.js";
import type { Notes } from "./notes.js";

const ORDER = "order.";

/**
 * The order of use of a provider whose entries live in both places, as it was last arranged in this browser. The
 * companion numbers its own entries, in one transaction; where the others stand among them is one record here.
 */
export class Order {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  put(provider: string, ids: readonly string[]): void {
    this.#notes.write(ORDER + provider, ids);
  }

  remove(provider: string): void {
    if (this.#notes.read(ORDER + provider) !== undefined) this.#notes.remove(ORDER + provider);
  }

  /** Moves one entry to a place, where the order was arranged here. */
  place(provider: string, id: string, place: number): void {
    const ids = this.#notes.read<string[]>(ORDER + provider);
    if (!Array.isArray(ids)) return;
    const others = ids.filter((other) => other !== id);
    others.splice(place, 0, id);
    this.put(provider, others);
  }

  /**
   * Puts a provider's entries in order. Those of the companion stand as it numbers them, also where another device
   * changed that; each of this browser stands behind the entry that it was put behind.
   */
  arranged(provider: string, inOrder: readonly Entry[]): readonly Entry[] {
    const ids = this.#notes.read<string[]>(ORDER + provider);
    if (!Array.isArray(ids)) return inOrder;
    const byId = new Map(inOrder.map((entry) => [entry.id, entry]));
    const list = inOrder.filter(({ storage }) => storage === "synced");
    const placed = new Set<string>();
    let at = 0;
    for (const id of ids) {
      const entry = byId.get(id);
      if (!entry || placed.has(id)) continue;
      placed.add(id);
      if (entry.storage === "synced") at = list.indexOf(entry) + 1;
      else {
        list.splice(at, 0, entry);
        at += 1;
      }
    }
    // Added since: last, as new ones are.
    for (const entry of inOrder) {
      if (entry.storage === "browser" && !placed.has(entry.id)) list.push(entry);
    }
    return list.map((entry, priority) =>
      entry.priority === priority ? entry : Object.freeze({ ...entry, priority }),
    );
  }
}
