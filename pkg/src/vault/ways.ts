import { failed } from "../errors.js";
import type { UnlockWith } from "./arguments.js";
import type { Behind } from "./door.js";
import type { Exported, Imported, Inside, KeptSlot } from "./inside.js";

/** Changes of the ways to unlock, export and import: what stands behind the door of `inside.ts`. */
export class Ways implements Inside {
  readonly #behind: Behind;

  constructor(behind: Behind) {
    this.#behind = behind;
  }

  addDevice(proof?: UnlockWith): Promise<void> {
    return this.#do(() => this.#behind.core.addDevice(this.#secret(proof)));
  }

  addPassphrase(passphrase: string, proof?: UnlockWith): Promise<void> {
    return this.#do(() => this.#behind.core.addPassphrase(passphrase, this.#secret(proof)));
  }

  addPasskey(name: string, proof?: UnlockWith): Promise<void> {
    return this.#do(() => this.#behind.core.addPasskey(name, this.#secret(proof)));
  }

  makeRecoveryCode(proof?: UnlockWith): Promise<string> {
    return this.#do(() => this.#behind.core.makeRecoveryCode(this.#secret(proof)));
  }

  keepRecoveryCode(): Promise<void> {
    return this.#do(async () => this.#behind.core.keepRecoveryCode());
  }

  keepSlots(kept: readonly KeptSlot[], proof?: UnlockWith): Promise<void> {
    const given = kept.map(({ slot, with: secret, newPassphrase }) => ({
      slot,
      ...this.#secret(secret),
      ...(newPassphrase === undefined ? {} : { newPassphrase }),
    }));
    return this.#do(
      () => this.#behind.core.keepSlots(given, this.#secret(proof)),
      kept.map(({ slot }) => slot),
    );
  }

  exportEntries(proof: UnlockWith, passphrase: string): Promise<Exported> {
    return this.#do(() =>
      this.#behind.core.exportEntries(this.#behind.latch.secret(proof), passphrase),
    );
  }

  async importEntries(file: string, passphrase: string): Promise<readonly Imported[]> {
    const done = await this.#do(() => this.#behind.core.importEntries(file, passphrase));
    if (done.taken.length > 0) this.#behind.taken();
    return (["taken", "known", "refused"] as const).flatMap((result) =>
      done[result].map((id) => ({ id, result })),
    );
  }

  async platformAllowed(): Promise<ReadonlySet<string>> {
    return allowedIn(await this.#behind.companion.call<Me>("GET", ME));
  }

  async allowPlatform(provider: string, allowed: boolean): Promise<ReadonlySet<string>> {
    const json = { settings: { platformAllowed: { [provider]: allowed } } };
    return allowedIn(await this.#behind.companion.call<Me>("PATCH", ME, { json }));
  }

  async trustIdentity(fingerprint: string): Promise<void> {
    await this.#behind.pinned.trust(fingerprint).catch(failed).finally(this.#behind.changed);
  }

  #secret(proof: UnlockWith | undefined) {
    return proof && this.#behind.latch.secret(proof);
  }

  /** One change at a time, over all tabs, of an unlocked vault. */
  async #do<T>(work: () => Promise<T>, renamed?: readonly string[]): Promise<T> {
    try {
      // The vault belongs to one companion: without knowing which, none can be made.
      await this.#behind.pinned.ready();
      if (!this.#behind.latch.unlocked) throw this.#behind.latch.locked();
      return await this.#behind.latch.attempts.make(() => this.#behind.exclusive.run(work));
    } catch (error) {
      return failed(error);
    } finally {
      this.#behind.slots.noteNew(renamed);
      this.#behind.latch.used();
      this.#behind.changed();
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
