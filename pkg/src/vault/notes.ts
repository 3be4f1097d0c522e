import { translated } from "../errors.js";
import type { VaultCore } from "../wasm/keyseal.js";

/**
 * What all tabs of a vault must agree on, as small JSON records beside its entries: in this browser's storage, or in
 * memory with everything else. Never a key.
 */
export class Notes {
  readonly #core: VaultCore;

  constructor(core: VaultCore) {
    this.#core = core;
  }

  /** What the name of every record of this vault starts with, in this browser's storage. */
  get prefix(): string {
    return this.#core.prefix;
  }

  /** Whether other tabs see what is written here. */
  get shared(): boolean {
    return this.#core.persistent;
  }

  /** A note, or undefined where there is none that can be read: anybody may have written over it. */
  read<T>(name: string): T | undefined {
    try {
      return parsed(this.#core.note(name));
    } catch {
      // The entries say that storage cannot be read.
      return undefined;
    }
  }

  /** Notes whose name starts with `start`, by name, in order. */
  all<T>(start: string): Map<string, T> {
    const notes = new Map<string, T>();
    let found: Record<string, string> = {};
    try {
      found = this.#core.notes();
    } catch {
      // The entries say that storage cannot be read.
    }
    for (const [name, json] of Object.entries(found)) {
      const note = name.startsWith(start) ? parsed<T>(json) : undefined;
      if (note !== undefined) notes.set(name, note);
    }
    return notes;
  }

  /** Writes a note; throws where it cannot be stored. */
  write(name: string, value: unknown): void {
    translated(() => this.#core.setNote(name, JSON.stringify(value)));
  }

  /** Writes a note that is not worth failing over. */
  try(name: string, value: unknown): void {
    try {
      this.write(name, value);
    } catch {
      // A full disk fails the writes that matter, and says so there.
    }
  }

  remove(name: string): void {
    try {
      this.#core.setNote(name, undefined);
    } catch {
      // Storage is blocked: there is none.
    }
  }
}

function parsed<T>(json: string | undefined): T | undefined {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as T);
  } catch {
    // Not ours.
    return undefined;
  }
}
