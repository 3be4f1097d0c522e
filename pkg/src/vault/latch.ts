import { KeysealError } from "../errors.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { UnlockWith } from "./arguments.js";
import { Attempts } from "./attempts.js";
import type { Exclusive } from "./exclusive.js";
import type { Notes } from "./notes.js";
import type { Parts } from "./parts.js";
import { type Slots, waysIn } from "./slots.js";

const MINUTE_MS = 60_000;
/** The use of a vault is noted for the other tabs at most this often. */
const NOTED_EVERY_MS = 5_000;
const MOST_MINUTES = 7 * 24 * 60;

const LOCKED = "locked";
const USED = "used";
const SETTINGS = "settings";

interface Settings {
  autoLockMinutes: number | null;
}

/**
 * Locked or not, and how it comes to be: the wish to lock is a note, so that it holds in every tab and outlives a
 * reload, until somebody unlocks. Auto-lock counts the time in which nobody unlocked the vault, and no browser-only
 * key was added, replaced, tested or used, in any tab.
 */
export class Latch {
  readonly attempts: Attempts;
  readonly #core: VaultCore;
  readonly #notes: Notes;
  readonly #exclusive: Exclusive;
  readonly #slots: Slots;
  readonly #otherwise: number | null;
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #usedAt = Date.now();
  #notedAt = 0;

  constructor(
    parts: Pick<Parts, "core" | "notes" | "exclusive" | "slots">,
    autoLockMinutes: number | null,
    changed: () => void,
  ) {
    this.#core = parts.core;
    this.#notes = parts.notes;
    this.#exclusive = parts.exclusive;
    this.#slots = parts.slots;
    this.#otherwise = minutes(autoLockMinutes);
    this.#changed = changed;
    this.attempts = new Attempts(parts.notes);
  }

  /** Opens it by the device, unless somebody locked it, or it lay idle for too long while no page was open. */
  async open(): Promise<void> {
    this.#usedAt = Math.min(Date.now(), this.#notes.read<number>(USED) ?? Date.now());
    if (this.#notes.read(LOCKED) === undefined) {
      if (this.#isIdle()) this.#notes.try(LOCKED, true);
      else await this.#byDevice();
    }
    this.#usedAt = Date.now();
    this.#arm();
  }

  get unlocked(): boolean {
    return !this.#core.locked;
  }

  get autoLockMinutes(): number | null {
    const kept = this.#notes.read<Partial<Settings>>(SETTINGS)?.autoLockMinutes;
    return kept === null || isMinutes(kept) ? kept : this.#otherwise;
  }

  set autoLockMinutes(value: number | null) {
    const settings: Settings = { autoLockMinutes: minutes(value) };
    this.#notes.write(SETTINGS, settings);
    this.#use();
    this.#arm();
    this.#changed();
  }

  lock(): void {
    // Before its first key there is nothing to lock.
    if (!this.#core.unlocked && !this.#core.locked) return;
    if (this.#core.unlocked && this.#slots.list().length === 0) {
      throw new KeysealError(
        "last_slot",
        "This vault lives in this page's memory, and nothing unlocks it again.",
        { next: "Close the page to forget its keys, or add a way to unlock first." },
      );
    }
    this.#core.lock();
    this.#disarm();
    this.#notes.try(LOCKED, true);
    this.#changed();
  }

  async unlock(secret: UnlockWith | undefined): Promise<void> {
    if (secret === undefined) await this.#byDevice();
    else {
      const given = this.secret(secret);
      await this.attempts.make(() => this.#exclusive.run(() => this.#core.unlock(given)));
    }
    if (this.#core.locked) throw this.locked();
    this.#notes.remove(LOCKED);
    this.#use();
    this.#changed();
  }

  /** What the wasm takes: a passkey is named there by its slot. */
  secret(given: UnlockWith): { passphrase?: string; recoveryCode?: string; passkey?: string } {
    if (typeof given !== "object" || given === null) {
      throw new KeysealError("validation", "A vault is not unlocked by this.", {
        next: "Pass { passphrase }, { recoveryCode } or { passkey }; nothing for the device.",
      });
    }
    if (!("passkey" in given)) return given;
    const slot =
      given.passkey === true
        ? this.#slots.list().find(({ kind }) => kind === "passkey")?.id
        : given.passkey;
    if (slot) return { passkey: slot };
    throw new KeysealError("slot_unknown", "This vault has no passkey.", {
      next: "Unlock in another way.",
    });
  }

  /** The vault is about to be used. Where it should have locked itself by now (a computer that slept), it does. */
  used(): void {
    // Every request comes by here: without auto-lock that is all.
    if (this.autoLockMinutes === null) this.#usedAt = Date.now();
    else if (this.#core.unlocked && this.#isIdle()) this.lock();
    else this.#use();
  }

  #use(): void {
    this.#usedAt = Date.now();
    if (this.autoLockMinutes === null) return;
    if (Math.abs(this.#usedAt - this.#notedAt) >= NOTED_EVERY_MS) {
      this.#notedAt = this.#usedAt;
      this.#notes.try(USED, this.#usedAt);
    }
    // One that runs already looks again by itself when its time has come.
    if (this.#timer === undefined) this.#arm();
  }

  /** Another tab locked or unlocked it, or made another vault key. */
  async heard(): Promise<void> {
    if (this.#notes.read(LOCKED) !== undefined) {
      this.#core.lock();
      this.#disarm();
    } else {
      await this.#byDevice();
      this.#arm();
    }
  }

  close(): void {
    this.#disarm();
  }

  /** The vault that was locked is no more. */
  forget(): void {
    this.#notes.remove(LOCKED);
    this.#slots.noteNew();
  }

  /** Why nothing was done, and what opens it. */
  locked(): KeysealError {
    const ways = waysIn(this.#slots.list(), !this.#core.deviceLost);
    return new KeysealError("vault_locked", "The vault is locked.", {
      next: ways ? `Unlock it with ${ways}.` : "Enter its keys again.",
    });
  }

  /** Does what needs an open vault: a locked one says what unlocks it. */
  async saying<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const problem = KeysealError.from(error);
      throw problem.code === "vault_locked" && this.#core.locked ? this.locked() : problem;
    }
  }

  /** By the device, where it has a slot; anything else leaves it as it was. */
  async #byDevice(): Promise<void> {
    if (this.#core.unlocked) return;
    await this.#exclusive.run(() => this.#core.unlock(undefined)).catch(() => undefined);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#disarm();
    const after = this.autoLockMinutes;
    if (after === null || !this.#core.unlocked || this.#slots.list().length === 0) return;
    const left = this.#lastUse() + after * MINUTE_MS - Date.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#isIdle()) this.lock();
        else this.#arm();
      },
      Math.max(0, left),
    );
    // Under Node a timer keeps the process alive; nobody waits there for a vault to lock.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #isIdle(): boolean {
    const after = this.autoLockMinutes;
    if (after === null || this.#slots.list().length === 0) return false;
    return Date.now() - this.#lastUse() >= after * MINUTE_MS;
  }

  /** In any tab; never in the future, whatever a clock once said. */
  #lastUse(): number {
    const noted = this.#notes.read<number>(USED) ?? 0;
    return Math.min(Date.now(), Math.max(this.#usedAt, Number(noted) || 0));
  }
}

function isMinutes(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= MOST_MINUTES;
}

function minutes(value: number | null): number | null {
  if (value === null || isMinutes(value)) return value;
  throw new KeysealError("validation", "Auto-lock takes minutes, from more than 0 to a week.", {
    next: "Use null to turn it off.",
  });
}
