import type { Notes } from "./notes.js";

const ASKED = "persist";

/**
 * Whether the browser has promised not to clear this site's storage by itself (Storage Standard, persistent
 * storage). It is asked once for a vault, when there is something to lose: after the first browser-only key was
 * stored. Nothing waits for its answer.
 */
export class Durable {
  readonly #notes: Notes;
  readonly #changed: () => void;
  #granted: boolean | null = null;

  constructor(notes: Notes, changed: () => void) {
    this.#notes = notes;
    this.#changed = changed;
    if (notes.shared) this.#answer((storage) => storage.persisted());
  }

  /** Null while it is not known. */
  get granted(): boolean | null {
    return this.#notes.shared ? this.#granted : false;
  }

  ask(): void {
    if (!this.#notes.shared || this.#granted || this.#notes.read(ASKED) !== undefined) return;
    this.#notes.try(ASKED, true);
    this.#answer((storage) => storage.persist());
  }

  #answer(ask: (storage: StorageManager) => Promise<boolean>): void {
    const storage = globalThis.navigator?.storage as StorageManager | undefined;
    if (typeof storage?.persist !== "function") return;
    void ask(storage).then(
      (granted) => {
        if (granted === this.#granted) return;
        this.#granted = granted;
        this.#changed();
      },
      () => undefined,
    );
  }
}
