import { KeysealError } from "../errors.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { Exclusive } from "./exclusive.js";
import type { Latch } from "./latch.js";
import type { Pinned } from "./pinned.js";
import type { Slots } from "./slots.js";

/** Texts of the app's own, sealed under the vault for the app to store. Their key is not the one of the entries. */
export class AppNotes {
  readonly #core: VaultCore;
  readonly #exclusive: Exclusive;
  readonly #latch: Latch;
  readonly #pinned: Pinned;
  readonly #slots: Slots;
  readonly #made: () => void;

  constructor(
    parts: {
      core: VaultCore;
      exclusive: Exclusive;
      latch: Latch;
      pinned: Pinned;
      slots: Slots;
    },
    /** Told when the first note has made the vault. */
    made: () => void,
  ) {
    this.#core = parts.core;
    this.#exclusive = parts.exclusive;
    this.#latch = parts.latch;
    this.#pinned = parts.pinned;
    this.#slots = parts.slots;
    this.#made = made;
  }

  async seal(name: string, text: string): Promise<string> {
    const isNew = this.#isNew;
    // The vault belongs to one companion: without knowing which, none can be made.
    if (isNew) await this.#pinned.ready();
    this.#latch.used();
    try {
      return await this.#exclusive.run(async () => {
        if (this.#isNew) await this.#makeVault();
        return this.#core.appNote(false, name, text);
      });
    } catch (error) {
      throw this.#said(error);
    } finally {
      if (isNew) {
        this.#slots.noteNew();
        this.#latch.used();
        this.#made();
      }
    }
  }

  async open(name: string, sealed: string): Promise<string> {
    this.#latch.used();
    try {
      return this.#core.appNote(true, name, sealed);
    } catch (error) {
      if (KeysealError.from(error).code !== "note_damaged") throw this.#said(error);
    }
    // Another tab may have made another key for notes, and the word of it has not come yet.
    try {
      await this.#exclusive.run(() => this.#core.reload());
      await this.#latch.heard();
      return this.#core.appNote(true, name, sealed);
    } catch (error) {
      throw this.#said(error);
    }
  }

  /** With this device's way to unlock it; where the device keeps none, in this page's memory. */
  async #makeVault(): Promise<void> {
    try {
      await this.#core.addDevice(undefined);
    } catch (error) {
      if (KeysealError.from(error).code !== "device_unavailable") throw error;
    }
  }

  /** No vault yet. One whose key this browser has lost is not replaced for a note's sake. */
  get #isNew(): boolean {
    return !this.#core.unlocked && this.#core.slots().length === 0;
  }

  /** A locked vault says what unlocks it. */
  #said(error: unknown): KeysealError {
    const problem = KeysealError.from(error);
    return problem.code === "vault_locked" ? this.#latch.locked() : problem;
  }
}
