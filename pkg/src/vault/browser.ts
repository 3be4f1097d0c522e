import { KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import type { LocalEntryPatch } from "../wasm/keyseal.js";
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
import type { Parts } from "./parts.js";

type Needed = Omit<Parts, "wasm" | "notes" | "offline" | "appNotes">;

/** "Last used" is display: one write a minute is enough. */
const USE_NOTED_EVERY_MS = 60_000;

/** Entries that live in this browser's vault alone, and travel in an envelope for one request at a time. */
export class BrowserEntries implements Keeper {
  readonly #parts: Needed;
  readonly #servedBy = new WeakMap<Response, string>();

  constructor(parts: Needed) {
    this.#parts = parts;
  }

  async add(pasted: Pasted, entry: NewEntry, onStep: OnStep): Promise<void> {
    withoutBudget(entry);
    onStep("sealing");
    // The vault belongs to one companion: without knowing which, there is none to put the key into.
    await this.#parts.pinned.ready();
    // Sealing and storing are one step inside the wasm: what is not stored was never sealed.
    await this.#storing(() => this.#parts.core.addBrowser(copyOf(pasted), entry));
    onStep("storing");
  }

  async replace({ id, provider }: Entry, pasted: Pasted): Promise<void> {
    if (!provider) {
      throw new KeysealError("entry_damaged", "Nothing tells any more whose key this entry was.", {
        next: "Remove it, and add the key as a new one.",
      });
    }
    await this.#parts.pinned.ready();
    await this.#storing(() => this.#parts.core.replaceBrowser(id, copyOf(pasted)));
  }

  async test(entry: Entry): Promise<TestResult> {
    const result = (await this.#parts.relayed.test(entry)) ?? (await this.#testInEnvelope(entry));
    await this.#note(entry.id, noted(result));
    return result;
  }

  #testInEnvelope(entry: Entry): Promise<TestResult> {
    const path = `/api/v1/test/${encodeURIComponent(entry.provider)}`;
    return this.#parts.pinned.sealing(async () => {
      const token = await this.#parts.companion.token();
      const headers = await this.envelope(entry, { method: "POST", path, token });
      const timeoutMs = TEST_TIMEOUT_MS;
      return this.#parts.companion.call<TestResult>("POST", path, { token, headers, timeoutMs });
    });
  }

  async update(id: string, change: Change | LocalEntryPatch): Promise<void> {
    withoutBudget(change);
    await this.#parts.exclusive.run(() => this.#parts.core.update(id, change));
  }

  async revoke(id: string): Promise<void> {
    await this.#parts.exclusive.run(() => this.#parts.core.remove(id));
  }

  /** The headers that carry the key, sealed for this one request. */
  async envelope(
    entry: Entry,
    request: { method: string; path: string; token: string },
  ): Promise<Record<string, string>> {
    await this.#parts.pinned.ready();
    this.#parts.latch.used();
    return this.#parts.latch.saying(async () => ({
      ...(await this.#parts.core.requestHeaders(entry.id, request)),
    }));
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
    const note = (patch: LocalEntryPatch) => this.#note(entry.id, patch).then(this.#parts.changed);
    // Lists may be open to all; what is made for a key proves it.
    const proves = ok && !against && (entry.status === "invalid" || method === "POST");
    if (against === "wait") {
      this.#parts.rests.begin(entry.id, response.headers);
      this.#parts.changed();
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
    this.#parts.latch.used();
    await this.#parts.latch.saying(() => this.#parts.exclusive.run(store));
    // The first key makes the vault, and with it the device's slot.
    this.#parts.slots.noteNew();
    this.#parts.latch.used();
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
