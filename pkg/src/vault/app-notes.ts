import { codeOf, type KeysealError } from "../errors.js";
import type { Parts } from "./parts.js";

type Needed = Pick<Parts, "core" | "exclusive" | "latch" | "pinned" | "slots" | "changed">;

/** Texts of the app's own, sealed under the vault for the app to store. Their key is not the one of the entries. */
export class AppNotes {
  readonly #parts: Needed;

  constructor(parts: Needed) {
    this.#parts = parts;
  }

  async seal(name: string, text: string): Promise<string> {
    const isNew = this.#isNew;
    // The vault belongs to one companion: without knowing which, none can be made.
    if (isNew) await this.#parts.pinned.ready();
    this.#parts.latch.used();
    try {
      return await this.#parts.latch.saying(() =>
        this.#parts.exclusive.run(async () => {
          if (this.#isNew) await this.#makeVault();
          return this.#parts.core.appNote(false, name, text);
        }),
      );
    } finally {
      if (isNew) {
        this.#parts.slots.noteNew();
        this.#parts.latch.used();
        this.#parts.changed();
      }
    }
  }

  async open(name: string, sealed: string): Promise<string> {
    this.#parts.latch.used();
    const open = () => this.#parts.core.appNote(true, name, sealed);
    return this.#parts.latch.saying(open).catch((error: KeysealError) => {
      if (error.code !== "note_damaged") throw error;
      // Another tab may have made another key for notes, and the word of it has not come yet.
      return this.#parts.latch.saying(async () => {
        await this.#parts.exclusive.run(() => this.#parts.core.reload());
        await this.#parts.latch.heard();
        return open();
      });
    });
  }

  /** With this device's way to unlock it; where the device keeps none, in this page's memory. */
  async #makeVault(): Promise<void> {
    try {
      await this.#parts.core.addDevice(undefined);
    } catch (error) {
      if (codeOf(error) !== "device_unavailable") throw error;
    }
  }

  /** No vault yet. One whose key this browser has lost is not replaced for a note's sake. */
  get #isNew(): boolean {
    return !this.#parts.core.unlocked && this.#parts.core.slots().length === 0;
  }
}
