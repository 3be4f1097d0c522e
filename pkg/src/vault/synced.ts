import { codeOf, KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import { isAway, isUnreachable } from "./companion.js";
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
import type { Parts } from "./parts.js";
import { overlaid, type Waiting } from "./queue.js";

type Needed = Pick<Parts, "core" | "companion" | "pinned" | "exclusive" | "offline">;

const KEYS = "/api/v1/api-keys";

/** Entries that live on the companion, sealed to its key; this browser has copies that it cannot open. */
export class SyncedEntries implements Keeper {
  readonly #parts: Needed;
  #listed: readonly ListedEntry[] | undefined;
  #notCopied: KeysealError | undefined;
  /** Counts what became known of entries: a list that was asked for before is older than that. */
  #learnt = 0;

  constructor(parts: Needed) {
    this.#parts = parts;
  }

  /** As the companion listed them, with what waits for it; undefined while it has not been reached. */
  get listed(): readonly ListedEntry[] | undefined {
    return this.#listed && overlaid(this.#listed, this.#parts.offline.waiting());
  }

  /** Why the copies for offline listing could not be stored here. The companion has the entries. */
  get notCopied(): KeysealError | undefined {
    return this.#notCopied;
  }

  /** Asks for the list. It counts only if the companion is the one that is pinned, which `vouched` finds out. */
  async list(vouched: Promise<unknown> = Promise.resolve()): Promise<void> {
    const before = this.#learnt;
    const { keys } = await this.#parts.companion.call<{ keys: ListedEntry[] }>("GET", KEYS);
    await vouched;
    if (this.#parts.pinned.foreign) return;
    if (before !== this.#learnt) return this.list();
    await this.#keep(keys);
  }

  /** Another tab stored other copies: they are the newer list. */
  copied(): void {
    if (!this.#listed || this.#notCopied) return;
    const copies = this.#parts.core.entries() as unknown as (ListedEntry & {
      damaged: string | null;
    })[];
    const synced = copies.filter(({ storage, damaged }) => storage === "synced" && !damaged);
    this.#learnt += 1;
    this.#listed = synced.map(({ damaged: _whole, ...entry }) => entry);
  }

  async add(pasted: Pasted, entry: NewEntry, onStep: OnStep): Promise<void> {
    const { rid: id, provider, host: _sealedIn, ...display } = entry;
    onStep("sealing");
    const stored = await this.#sealed(pasted, entry, async (sealedKey) => {
      onStep("storing");
      const json = { id, provider, sealedKey, ...display };
      const post = () => this.#parts.companion.call<ListedEntry>("POST", KEYS, { json });
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
      this.#parts.companion.call<ListedEntry>("PATCH", pathOf(id), { json: { sealedKey } }),
    );
    await this.#put(stored);
  }

  async test({ id }: Entry): Promise<TestResult> {
    const result = await this.#parts.companion.call<TestResult>("POST", `${pathOf(id)}/test`, {
      timeoutMs: TEST_TIMEOUT_MS,
    });
    const listed = this.#listed?.find((entry) => entry.id === id);
    if (listed) await this.#put({ ...listed, ...noted(result), isValid: validity(result.status) });
    return result;
  }

  update(id: string, change: Change): Promise<void> {
    return this.#orLater({ do: "update", id, change });
  }

  /** The order of use of a provider's entries on the companion: one transaction there. */
  reorder(provider: string, ids: readonly string[]): Promise<void> {
    return this.#orLater({ do: "reorder", provider, ids });
  }

  revoke(id: string): Promise<void> {
    return this.#orLater({ do: "revoke", id });
  }

  /** Sends what waits. Nothing is sent to a companion that is not the pinned one: it would look done. */
  async sendWaiting(): Promise<void> {
    await this.#parts.pinned.vouched();
    await this.#parts.offline.send((waiting) => this.#send(waiting));
  }

  /** Does it now, after all that waits; or queues it where the companion is away. */
  async #orLater(waiting: Waiting): Promise<void> {
    try {
      await this.#parts.pinned.vouched();
      if (!this.#parts.offline.isEmpty) await this.sendWaiting();
      await this.#send(waiting);
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#parts.offline.add(waiting);
    }
  }

  /** Each of these may be sent twice: where an answer was lost, that is what happens. */
  async #send(waiting: Waiting): Promise<void> {
    switch (waiting.do) {
      case "update": {
        const { id, change } = waiting;
        return this.#put(
          await this.#parts.companion.call<ListedEntry>("PATCH", pathOf(id), { json: change }),
        );
      }
      case "revoke":
        return this.#revoke(waiting.id);
      case "reorder":
        return this.#reorder(waiting.provider, waiting.ids);
    }
  }

  async #reorder(provider: string, wanted: readonly string[]): Promise<void> {
    const order = (ids: readonly string[]) =>
      this.#parts.companion.call("POST", `${KEYS}/reorder`, { json: { provider, ids } });
    await order(wanted).catch(async (error: unknown) => {
      if (codeOf(error) !== "validation") throw error;
      // It must name all of them, and was wished for some time ago: what is gone since is left out, and what came
      // stands behind, in its own order.
      const { keys } = await this.#parts.companion.call<{ keys: ListedEntry[] }>("GET", KEYS);
      const mine = keys.filter((entry) => entry.provider === provider);
      const there = mine.sort((a, b) => a.priority - b.priority).map(({ id }) => id);
      const known = wanted.filter((id) => there.includes(id));
      if (known.length === there.length && known.length === wanted.length) throw error;
      if (there.length > 0) {
        await order([...known, ...there.filter((id) => !known.includes(id))]);
      }
    });
    this.#learnt += 1;
    await this.list();
  }

  async #revoke(id: string): Promise<void> {
    await this.#parts.companion.call("DELETE", pathOf(id)).catch((error: unknown) => {
      // Already gone there (another tab, another device): what is left is this browser's copy.
      if (codeOf(error) !== "not_found") throw error;
    });
    this.#learnt += 1;
    if (this.#listed) await this.#keep(this.#listed.filter((entry) => entry.id !== id));
    else await this.list();
  }

  /** Seals to the pinned current key and sends it; see `Pinned.sealing`. */
  #sealed(
    pasted: Pasted,
    { rid, provider, host }: { rid: string; provider: string; host?: string },
    send: (sealedKey: object) => Promise<ListedEntry>,
  ): Promise<ListedEntry> {
    const claims = { rid, provider, ...(host ? { host } : {}) };
    return this.#parts.pinned.sealing(async () =>
      send(this.#parts.core.seal(copyOf(pasted), claims)),
    );
  }

  async #put(entry: ListedEntry): Promise<void> {
    this.#learnt += 1;
    // One entry is not the list: without the others, their copies would be taken for revoked.
    if (!this.#listed) return this.list();
    await this.#keep([...this.#listed.filter(({ id }) => id !== entry.id), entry]);
  }

  async #keep(keys: readonly ListedEntry[]): Promise<void> {
    this.#listed = keys;
    const learnt = this.#learnt;
    await this.#parts.exclusive.run(() => {
      // Meanwhile something newer was kept.
      if (learnt !== this.#learnt || this.#listed !== keys) return;
      try {
        this.#parts.core.putSynced([...keys]);
        this.#notCopied = undefined;
      } catch (error) {
        this.#notCopied = KeysealError.from(error);
      }
    });
  }
}

function pathOf(id: string): string {
  return `${KEYS}/${encodeURIComponent(id)}`;
}
