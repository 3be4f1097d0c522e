import { KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import type { VaultCore } from "../wasm/keyseal.js";
import { type Companion, isUnreachable } from "./companion.js";
import { type ListedEntry, validity } from "./entries.js";
import {
  type Change,
  copyOf,
  type Keeper,
  type NewEntry,
  noted,
  type OnStep,
  type Pasted,
  TEST_TIMEOUT_MS,
} from "./keeper.js";
import type { Pinned } from "./pinned.js";

const KEYS = "/api/v1/api-keys";

/** Entries that live on the companion, sealed to its key; this browser has copies that it cannot open. */
export class SyncedEntries implements Keeper {
  readonly #core: VaultCore;
  readonly #companion: Companion;
  readonly #pinned: Pinned;
  #listed: readonly ListedEntry[] | undefined;
  #notCopied: KeysealError | undefined;

  constructor(core: VaultCore, companion: Companion, pinned: Pinned) {
    this.#core = core;
    this.#companion = companion;
    this.#pinned = pinned;
  }

  /** As the companion listed them; undefined while it has not been reached. */
  get listed(): readonly ListedEntry[] | undefined {
    return this.#listed;
  }

  /** Why the copies for offline listing could not be stored here. The companion has the entries. */
  get notCopied(): KeysealError | undefined {
    return this.#notCopied;
  }

  async list(): Promise<void> {
    const { keys } = await this.#companion.call<{ keys: ListedEntry[] }>("GET", KEYS);
    this.#keep(keys);
  }

  async add(pasted: Pasted, entry: NewEntry, onStep: OnStep): Promise<void> {
    const { rid: id, provider, host: _sealedIn, ...display } = entry;
    onStep("sealing");
    const stored = await this.#sealed(pasted, entry, async (sealedKey) => {
      onStep("storing");
      const json = { id, provider, sealedKey, ...display };
      const post = () => this.#companion.call<ListedEntry>("POST", KEYS, { json });
      // The same id and body again is answered with the same entry: safe where the first answer got lost.
      return post().catch((error: unknown) =>
        isUnreachable(error) ? post() : Promise.reject(error),
      );
    });
    await this.#put(stored);
  }

  async replace({ id, provider, host }: Entry, pasted: Pasted): Promise<void> {
    const claims = { rid: id, provider, ...(host ? { host } : {}) };
    const stored = await this.#sealed(pasted, claims, (sealedKey) =>
      this.#companion.call<ListedEntry>("PATCH", pathOf(id), { json: { sealedKey } }),
    );
    await this.#put(stored);
  }

  async test({ id }: Entry): Promise<TestResult> {
    const result = await this.#companion.call<TestResult>("POST", `${pathOf(id)}/test`, {
      timeoutMs: TEST_TIMEOUT_MS,
    });
    const listed = this.#listed?.find((entry) => entry.id === id);
    if (listed) await this.#put({ ...listed, ...noted(result), isValid: validity(result.status) });
    return result;
  }

  async update(id: string, change: Change): Promise<void> {
    await this.#put(await this.#companion.call<ListedEntry>("PATCH", pathOf(id), { json: change }));
  }

  /** The order of use within a provider whose entries all live on the companion: one transaction there. */
  async reorder(provider: string, ids: readonly string[]): Promise<void> {
    await this.#companion.call("POST", `${KEYS}/reorder`, { json: { provider, ids } });
    await this.list();
  }

  async revoke(id: string): Promise<void> {
    await this.#companion.call("DELETE", pathOf(id)).catch((error: unknown) => {
      // Already gone there (another tab, another device): what is left is this browser's copy.
      if (!(error instanceof KeysealError && error.code === "not_found")) throw error;
    });
    if (this.#listed) this.#keep(this.#listed.filter((entry) => entry.id !== id));
    else await this.list();
  }

  /** Seals to the pinned current key and sends it; see `Pinned.sealing`. */
  #sealed(
    pasted: Pasted,
    { rid, provider, host }: { rid: string; provider: string; host?: string },
    send: (sealedKey: object) => Promise<ListedEntry>,
  ): Promise<ListedEntry> {
    const claims = { rid, provider, ...(host ? { host } : {}) };
    return this.#pinned.sealing(async () => send(this.#core.seal(copyOf(pasted), claims)));
  }

  async #put(entry: ListedEntry): Promise<void> {
    // One entry is not the list: without the others, their copies would be taken for revoked.
    if (!this.#listed) return this.list();
    this.#keep([...this.#listed.filter(({ id }) => id !== entry.id), entry]);
  }

  #keep(keys: readonly ListedEntry[]): void {
    this.#listed = keys;
    try {
      this.#core.putSynced([...keys]);
      this.#notCopied = undefined;
    } catch (error) {
      this.#notCopied = KeysealError.from(error);
    }
  }
}

function pathOf(id: string): string {
  return `${KEYS}/${encodeURIComponent(id)}`;
}
