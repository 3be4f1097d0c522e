import type { Slot } from "../types.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { Notes } from "./notes.js";

const SLOTS = "slots";

/** The ways to unlock a vault, as they are shown. */
export class Slots {
  readonly #core: VaultCore;
  readonly #notes: Notes;

  constructor(core: VaultCore, notes: Notes) {
    this.#core = core;
    this.#notes = notes;
  }

  list(): readonly Slot[] {
    const dates = this.#dates();
    return Object.freeze(
      this.#core
        .slots()
        .map(({ id, kind }) => Object.freeze({ id, kind, added: dates[id] ?? null })),
    );
  }

  /**
   * Notes when slots that are new came to be. With a new vault key each slot that stays has a new id: `renamed` names
   * the old ones, in the order in which they were kept.
   */
  noteNew(renamed: readonly string[] = []): void {
    const before = this.#dates();
    const now = new Date().toISOString();
    const dates: Record<string, string> = {};
    for (const [at, { id }] of this.#core.slots().entries()) {
      dates[id] = before[id] ?? before[renamed[at] ?? ""] ?? now;
    }
    if (JSON.stringify(dates) !== JSON.stringify(before)) this.#notes.try(SLOTS, dates);
  }

  #dates(): Record<string, string> {
    return this.#notes.read<Record<string, string>>(SLOTS) ?? {};
  }
}

const NAMES: Readonly<Record<Slot["kind"], string>> = {
  device: "this device",
  passphrase: "your passphrase",
  passkey: "your passkey",
  recovery: "your recovery code",
};

/** What a person unlocks with, as the end of a sentence; empty where there is nothing that they could enter. */
export function waysIn(slots: readonly Slot[], withDevice: boolean): string {
  const kinds = new Set(slots.map(({ kind }) => kind));
  if (!withDevice) kinds.delete("device");
  const names = [...kinds].map((kind) => NAMES[kind]);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
