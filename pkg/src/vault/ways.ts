import { KeysealError } from "../errors.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { UnlockWith } from "./arguments.js";
import type { Companion } from "./companion.js";
import type { Exclusive } from "./exclusive.js";
import type { Exported, Imported, Inside, KeptSlot } from "./inside.js";
import type { Latch } from "./latch.js";
import type { Pinned } from "./pinned.js";
import type { Slots } from "./slots.js";

/** Changes of the ways to unlock, export and import: what stands behind the door of `inside.ts`. */
export class Ways implements Inside {
  readonly #core: VaultCore;
  readonly #companion: Companion;
  readonly #exclusive: Exclusive;
  readonly #latch: Latch;
  readonly #pinned: Pinned;
  readonly #slots: Slots;
  readonly #changed: () => void;
  readonly #taken: () => void;

  constructor(
    parts: {
      core: VaultCore;
      companion: Companion;
      exclusive: Exclusive;
      latch: Latch;
      pinned: Pinned;
      slots: Slots;
    },
    changed: () => void,
    /** Told when keys have come to this browser. */
    taken: () => void,
  ) {
    this.#core = parts.core;
    this.#companion = parts.companion;
    this.#exclusive = parts.exclusive;
    this.#latch = parts.latch;
    this.#pinned = parts.pinned;
    this.#slots = parts.slots;
    this.#changed = changed;
    this.#taken = taken;
  }

  addDevice(proof?: UnlockWith): Promise<void> {
    return this.#do(() => this.#core.addDevice(this.#secret(proof)));
  }

  addPassphrase(passphrase: string, proof?: UnlockWith): Promise<void> {
    return this.#do(() => this.#core.addPassphrase(passphrase, this.#secret(proof)));
  }

  addPasskey(name: string, proof?: UnlockWith): Promise<void> {
    return this.#do(() => this.#core.addPasskey(name, this.#secret(proof)));
  }

  makeRecoveryCode(proof?: UnlockWith): Promise<string> {
    return this.#do(() => this.#core.makeRecoveryCode(this.#secret(proof)));
  }

  keepRecoveryCode(): Promise<void> {
    return this.#do(async () => this.#core.keepRecoveryCode());
  }

  keepSlots(kept: readonly KeptSlot[], proof?: UnlockWith): Promise<void> {
    const given = kept.map(({ slot, with: secret, newPassphrase }) => ({
      slot,
      ...this.#secret(secret),
      ...(newPassphrase === undefined ? {} : { newPassphrase }),
    }));
    return this.#do(
      () => this.#core.keepSlots(given, this.#secret(proof)),
      kept.map(({ slot }) => slot),
    );
  }

  exportEntries(proof: UnlockWith, passphrase: string): Promise<Exported> {
    return this.#do(() => this.#core.exportEntries(this.#latch.secret(proof), passphrase));
  }

  async importEntries(file: string, passphrase: string): Promise<readonly Imported[]> {
    const done = await this.#do(() => this.#core.importEntries(file, passphrase));
    if (done.taken.length > 0) this.#taken();
    return (["taken", "known", "refused"] as const).flatMap((result) =>
      done[result].map((id) => ({ id, result })),
    );
  }

  async platformAllowed(): Promise<ReadonlySet<string>> {
    return allowedIn(await this.#companion.call<Me>("GET", ME));
  }

  async allowPlatform(provider: string, allowed: boolean): Promise<ReadonlySet<string>> {
    const json = { settings: { platformAllowed: { [provider]: allowed } } };
    return allowedIn(await this.#companion.call<Me>("PATCH", ME, { json }));
  }

  async trustIdentity(fingerprint: string): Promise<void> {
    try {
      await this.#pinned.trust(fingerprint);
    } catch (error) {
      throw KeysealError.from(error);
    } finally {
      this.#changed();
    }
  }

  #secret(proof: UnlockWith | undefined) {
    return proof && this.#latch.secret(proof);
  }

  /** One change at a time, over all tabs, of an unlocked vault. */
  async #do<T>(work: () => Promise<T>, renamed?: readonly string[]): Promise<T> {
    try {
      // The vault belongs to one companion: without knowing which, none can be made.
      await this.#pinned.ready();
      if (!this.#latch.unlocked) throw this.#latch.locked();
      return await this.#latch.attempts.make(() => this.#exclusive.run(work));
    } catch (error) {
      throw KeysealError.from(error);
    } finally {
      this.#slots.noteNew(renamed);
      this.#latch.used();
      this.#changed();
    }
  }
}

const ME = "/api/v1/me";

interface Me {
  settings: { platformAllowed?: Readonly<Record<string, boolean | null>> };
}

function allowedIn({ settings }: Me): ReadonlySet<string> {
  const all = Object.entries(settings.platformAllowed ?? {});
  return new Set(all.flatMap(([provider, allowed]) => (allowed === true ? [provider] : [])));
}
