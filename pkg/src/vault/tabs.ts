import type { Notes } from "./notes.js";

/** What other tabs changed: the vault's own record or whether it is locked, its settings, or what is listed. */
export interface Heard {
  vault: boolean;
  synced: boolean;
}

/** Notes that change nothing of what is shown. */
const PASSED_OVER: ReadonlySet<string> = new Set(["used", "usage", "lease", "tries", "version"]);

/** Tells what the other tabs of a vault do, by the storage events of its records. */
export class Tabs {
  readonly #notes: Notes;
  readonly #told: (heard: Heard) => void;
  /** Where storage is too full for the note, a lock is still heard by the tabs that are open. */
  #channel: BroadcastChannel | undefined;
  #heard: Heard | undefined;

  constructor(notes: Notes, told: (heard: Heard) => void, locked: () => void) {
    this.#notes = notes;
    this.#told = told;
    if (!notes.shared) return;
    globalThis.addEventListener?.("storage", this.#stored);
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(`${notes.prefix}lock`);
    this.#channel.onmessage = () => locked();
  }

  sayLocked(): void {
    this.#channel?.postMessage("locked");
  }

  close(): void {
    globalThis.removeEventListener?.("storage", this.#stored);
    this.#channel?.close();
    this.#channel = undefined;
    this.#heard = undefined;
  }

  readonly #stored = ({ key }: StorageEvent): void => {
    const { prefix } = this.#notes;
    // Without a key, everything was cleared.
    if (key !== null && !key.startsWith(prefix)) return;
    const [kind, note] = key === null ? ["vault"] : key.slice(prefix.length).split(".");
    if (note && PASSED_OVER.has(note)) return;
    const vault = kind === "vault" || note === "locked" || note === "settings";
    const synced = kind === "synced" || key === null;
    if (this.#heard) {
      this.#heard.vault ||= vault;
      this.#heard.synced ||= synced;
      return;
    }
    // One change of a list is many records: they are told of together.
    this.#heard = { vault, synced };
    setTimeout(() => {
      const heard = this.#heard;
      this.#heard = undefined;
      if (heard) this.#told(heard);
    });
  };
}
