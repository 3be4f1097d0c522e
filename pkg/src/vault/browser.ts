import { KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import type { LocalEntryPatch, VaultCore } from "../wasm/keyseal.js";
import type { Companion } from "./companion.js";
import type { Exclusive } from "./exclusive.js";
import type { Answered } from "./in-turn.js";
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
import type { Latch } from "./latch.js";
import type { Pinned } from "./pinned.js";
import type { Relayed } from "./relayed.js";
import type { Rests } from "./rests.js";
import type { Slots } from "./slots.js";

/** "Last used" is display: one write a minute is enough. */
const USE_NOTED_EVERY_MS = 60_000;

/** Entries that live in this browser's vault alone, and travel in an envelope for one request at a time. */
export class BrowserEntries implements Keeper {
  readonly #core: VaultCore;
  readonly #companion: Companion;
  readonly #pinned: Pinned;
  readonly #exclusive: Exclusive;
  readonly #latch: Latch;
  readonly #slots: Slots;
  readonly #relayed: Relayed;
  readonly #rests: Rests;
  readonly #noted: () => void;
  readonly #servedBy = new WeakMap<Response, string>();

  constructor(
    parts: {
      core: VaultCore;
      companion: Companion;
      pinned: Pinned;
      exclusive: Exclusive;
      latch: Latch;
      slots: Slots;
      relayed: Relayed;
      rests: Rests;
    },
    /** Told when what an answer said of a key has been noted. */
    noted: () => void,
  ) {
    this.#core = parts.core;
    this.#companion = parts.companion;
    this.#pinned = parts.pinned;
    this.#exclusive = parts.exclusive;
    this.#latch = parts.latch;
    this.#slots = parts.slots;
    this.#relayed = parts.relayed;
    this.#rests = parts.rests;
    this.#noted = noted;
  }

  async add(pasted: Pasted, entry: NewEntry, onStep: OnStep): Promise<void> {
    withoutBudget(entry);
    onStep("sealing");
    // The vault belongs to one companion: without knowing which, there is none to put the key into.
    await this.#pinned.ready();
    // Sealing and storing are one step inside the wasm: what is not stored was never sealed.
    await this.#storing(() => this.#core.addBrowser(copyOf(pasted), entry));
    onStep("storing");
  }

  async replace({ id, provider }: Entry, pasted: Pasted): Promise<void> {
    if (!provider) {
      throw new KeysealError("entry_damaged", "Nothing tells any more whose key this entry was.", {
        next: "Remove it, and add the key as a new one.",
      });
    }
    await this.#pinned.ready();
    await this.#storing(() => this.#core.replaceBrowser(id, copyOf(pasted)));
  }

  async test(entry: Entry): Promise<TestResult> {
    const result = (await this.#relayed.test(entry)) ?? (await this.#testInEnvelope(entry));
    await this.#note(entry.id, noted(result));
    return result;
  }

  #testInEnvelope(entry: Entry): Promise<TestResult> {
    const path = `/api/v1/test/${encodeURIComponent(entry.provider)}`;
    return this.#pinned.sealing(async () => {
      const token = await this.#companion.token();
      const headers = await this.envelope(entry, { method: "POST", path, token });
      const timeoutMs = TEST_TIMEOUT_MS;
      return this.#companion.call<TestResult>("POST", path, { token, headers, timeoutMs });
    });
  }

  async update(id: string, change: Change | LocalEntryPatch): Promise<void> {
    withoutBudget(change);
    await this.#exclusive.run(() => this.#core.update(id, change));
  }

  async revoke(id: string): Promise<void> {
    await this.#exclusive.run(() => this.#core.remove(id));
  }

  /** The headers that carry the key, sealed for this one request. */
  async envelope(
    entry: Entry,
    request: { method: string; path: string; token: string },
  ): Promise<Record<string, string>> {
    await this.#pinned.ready();
    this.#latch.used();
    try {
      return { ...(await this.#core.requestHeaders(entry.id, request)) };
    } catch (error) {
      throw this.#said(error);
    }
  }

  /** Which entry an enveloped request was served by. */
  servedBy(response: Response): string | undefined {
    return this.#servedBy.get(response);
  }

  /** Keeps what an answer tells of the key that it was served by: a verdict before the next request chooses one. */
  async noteUse({ response, against }: Answered, entry: Entry, method: string): Promise<void> {
    this.#servedBy.set(response, entry.id);
    const { status, ok } = response;
    const now = Date.now();
    const lastUsedAt = new Date(now).toISOString();
    const note = (patch: LocalEntryPatch) => this.#note(entry.id, patch).then(this.#noted);
    // Lists may be open to all; what is made for a key proves it.
    const proves = ok && !against && (entry.status === "invalid" || method === "POST");
    if (against === "wait") {
      this.#rests.begin(entry.id, response.headers);
      this.#noted();
    } else if (against === "refused") {
      await note({ status: "invalid", statusDetail: `The provider refused this key (${status}).` });
    } else if (against === "limited") {
      await note({ status: "limited", statusDetail: limited(status) });
    } else if (proves && (entry.status === "invalid" || entry.status === "limited")) {
      await note({ status: "valid", statusDetail: null, lastUsedAt });
    } else if (!entry.lastUsedAt || now - Date.parse(entry.lastUsedAt) >= USE_NOTED_EVERY_MS) {
      // Only shown: no answer waits for it.
      void note({ lastUsedAt });
    }
  }

  /** What is only shown is not worth failing over: on a full disk it stays as it was. */
  async #note(id: string, patch: LocalEntryPatch): Promise<void> {
    try {
      await this.update(id, patch);
    } catch {
      // The next write of the entry itself will say so.
    }
  }

  async #storing(store: () => Promise<unknown>): Promise<void> {
    this.#latch.used();
    try {
      await this.#exclusive.run(store);
    } catch (error) {
      throw this.#said(error);
    }
    // The first key makes the vault, and with it the device's slot.
    this.#slots.noteNew();
    this.#latch.used();
  }

  /** A locked vault says what unlocks it. */
  #said(error: unknown): KeysealError {
    const problem = KeysealError.from(error);
    return problem.code === "vault_locked" && this.#core.locked ? this.#latch.locked() : problem;
  }
}

function limited(status: number): string {
  return status === 402
    ? "The key is good, but there is nothing left to pay with."
    : "The key is good, but was not allowed to do what it was used for.";
}

/** The companion does not know one browser-only key from another: nobody could count what each has cost. */
function withoutBudget(change: object): void {
  const { budgetUsd, budgetPeriod }: Pick<Change, "budgetUsd" | "budgetPeriod"> = change;
  if ((budgetUsd ?? budgetPeriod) == null) return;
  throw new KeysealError("validation", "A key that is only in this browser has no budget.", {
    next: "Store it synced, or set a limit at the provider.",
  });
}
