import type { Notes } from "./notes.js";

const DATABASE = "keyseal-tabs";
const STORE = "versions";
const VERSION = "version";
/** What has not come by then does not come: somebody cleared the storage. */
const PATIENCE_MS = 1_000;
const LOOK_EVERY_MS = 4;

/**
 * Waits until this tab sees what the tab before it wrote. Tabs are processes, each with a copy of localStorage that
 * follows the others' writes when word of them comes; a Web Lock may come first. IndexedDB has no such copies: there
 * stands how often the records were written, and here, as a note, how much of that has come.
 */
export class Versions {
  readonly #notes: Notes;
  readonly #name: string;
  #database: Promise<IDBDatabase | undefined> | undefined;

  constructor(notes: Notes, name: string) {
    this.#notes = notes;
    this.#name = name;
  }

  /** Before reading, under the lock. */
  async caughtUp(): Promise<void> {
    const written = await this.#written();
    const patience = Date.now() + PATIENCE_MS;
    while (this.#seen() < written && Date.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** After writing, still under the lock. */
  async wrote(): Promise<void> {
    const next = Math.max(await this.#written(), this.#seen()) + 1;
    try {
      this.#notes.write(`${VERSION}.${this.#name}`, next);
    } catch {
      // Not to be waited for by others, as it will not come.
      return;
    }
    await this.#do("readwrite", (store) => store.put(next, this.#key));
  }

  #seen(): number {
    return Number(this.#notes.read(`${VERSION}.${this.#name}`)) || 0;
  }

  async #written(): Promise<number> {
    return Number(await this.#do("readonly", (store) => store.get(this.#key))) || 0;
  }

  get #key(): string {
    return this.#notes.prefix + this.#name;
  }

  /** One request of a transaction of its own; undefined where the browser has no such storage. */
  async #do(
    mode: IDBTransactionMode,
    ask: (store: IDBObjectStore) => IDBRequest,
  ): Promise<unknown> {
    this.#database ??= opened();
    const database = await this.#database;
    if (!database) return undefined;
    return new Promise((resolve) => {
      try {
        const transaction = database.transaction(STORE, mode);
        const request = ask(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => resolve(undefined);
      } catch {
        // The browser closed it: the next one opens it again.
        this.#database = undefined;
        resolve(undefined);
      }
    });
  }
}

function opened(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => resolve(undefined);
      request.onsuccess = () => {
        // Whoever deletes it is not kept waiting.
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
    } catch {
      resolve(undefined);
    }
  });
}
