import type { Notes } from "./notes.js";
import { Versions } from "./versions.js";

/** How long a tab without Web Locks may work before the others take it for gone. */
const LEASE_MS = 10_000;
/** How long a lease is left lying before it counts: two tabs that took it at once both look again. */
const SETTLE_MS = 50;
const LEASE = "lease";

/**
 * One at a time, in this page and over all its tabs: what was read under it is still so when it is written. By Web
 * Locks; where the browser has none, by a lease that stands as a note in the vault's storage.
 *
 * Not to be entered again from within.
 */
export class Exclusive {
  readonly #notes: Notes;
  readonly #name: string;
  readonly #versions: Versions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(notes: Notes, name: string) {
    this.#notes = notes;
    this.#name = name;
    this.#versions = new Versions(notes, name);
  }

  run<T>(work: () => T | Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#overTabs(async () => work()));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #overTabs<T>(work: () => Promise<T>): Promise<T> {
    // What lives in this page's memory has no other tabs.
    if (!this.#notes.shared) return work();
    const inTurn = async () => {
      await this.#versions.caughtUp();
      try {
        return await work();
      } finally {
        await this.#versions.wrote();
      }
    };
    const locks = globalThis.navigator?.locks as LockManager | undefined;
    return locks ? locks.request(this.#notes.prefix + this.#name, inTurn) : this.#leased(inTurn);
  }

  async #leased<T>(work: () => Promise<T>): Promise<T> {
    const name = `${LEASE}.${this.#name}`;
    const owner = crypto.randomUUID();
    const lease = () => ({ owner, until: Date.now() + LEASE_MS });
    const take = () => this.#notes.write(name, lease());
    while (!(await this.#taken(name, owner, take))) await soon(SETTLE_MS * (1 + Math.random()));
    const renewed = setInterval(() => this.#notes.try(name, lease()), LEASE_MS / 3);
    try {
      return await work();
    } finally {
      clearInterval(renewed);
      if (this.#holder(name) === owner) this.#notes.remove(name);
    }
  }

  async #taken(name: string, owner: string, take: () => void): Promise<boolean> {
    if (this.#holder(name) !== undefined) return false;
    take();
    await soon(SETTLE_MS);
    return this.#holder(name) === owner;
  }

  #holder(name: string): string | undefined {
    const lease = this.#notes.read<{ owner: string; until: number }>(name);
    const left = (lease?.until ?? 0) - Date.now();
    // One that lasts longer than any was made by another clock.
    return lease && left > 0 && left <= LEASE_MS ? lease.owner : undefined;
  }
}

function soon(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
