import { KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import type { LocalEntryPatch, VaultCore } from "../wasm/keyseal.js";
import type { Companion } from "./companion.js";
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

/** "Last used" is display: one write a minute is enough. */
const USE_NOTED_EVERY_MS = 60_000;

/** Entries that live in this browser's vault alone, and travel in an envelope for one request at a time. */
export class BrowserEntries implements Keeper {
  readonly #core: VaultCore;
  readonly #companion: Companion;
  readonly #pinned: Pinned;
  readonly #servedBy = new WeakMap<Response, string>();

  constructor(core: VaultCore, companion: Companion, pinned: Pinned) {
    this.#core = core;
    this.#companion = companion;
    this.#pinned = pinned;
  }

  async add(pasted: Pasted, entry: NewEntry, onStep: OnStep): Promise<void> {
    onStep("sealing");
    // The vault belongs to one companion: without knowing which, there is none to put the key into.
    await this.#pinned.ready();
    // Sealing and storing are one step inside the wasm: what is not stored was never sealed.
    await this.#core.addBrowser(copyOf(pasted), entry);
    onStep("storing");
  }

  async replace(entry: Entry, pasted: Pasted): Promise<void> {
    await this.#core.replaceBrowser(entry.id, copyOf(pasted));
  }

  async test(entry: Entry): Promise<TestResult> {
    const path = `/api/v1/test/${encodeURIComponent(entry.provider)}`;
    const result = await this.#pinned.sealing(async () => {
      const token = await this.#companion.token();
      const headers = await this.envelope(entry, { method: "POST", path, token });
      const timeoutMs = TEST_TIMEOUT_MS;
      return this.#companion.call<TestResult>("POST", path, { token, headers, timeoutMs });
    });
    this.#note(entry.id, noted(result));
    return result;
  }

  async update(id: string, change: Change): Promise<void> {
    this.#core.update(id, change);
  }

  async revoke(id: string): Promise<void> {
    this.#core.remove(id);
  }

  /** The headers that carry the key, sealed for this one request. */
  async envelope(
    entry: Entry,
    request: { method: string; path: string; token: string },
  ): Promise<Record<string, string>> {
    await this.#pinned.ready();
    try {
      return { ...(await this.#core.requestHeaders(entry.id, request)) };
    } catch (error) {
      throw KeysealError.from(error);
    }
  }

  /** Which entry an enveloped request was served by. */
  servedBy(response: Response): string | undefined {
    return this.#servedBy.get(response);
  }

  /** Keeps what an answer tells of the key that it was served by. */
  noteUse(response: Response, entry: Entry): void {
    this.#servedBy.set(response, entry.id);
    const now = Date.now();
    const lastUsedAt = new Date(now).toISOString();
    const note = (patch: LocalEntryPatch) => this.#note(entry.id, patch);
    if (response.status === 401) {
      note({ status: "invalid", statusDetail: "The provider refused this key (401)." });
    } else if (response.ok && entry.status === "invalid") {
      note({ status: "valid", statusDetail: null, lastUsedAt });
    } else if (!entry.lastUsedAt || now - Date.parse(entry.lastUsedAt) >= USE_NOTED_EVERY_MS) {
      note({ lastUsedAt });
    }
  }

  /** What is only shown is not worth failing over: on a full disk it stays as it was. */
  #note(id: string, patch: LocalEntryPatch): void {
    try {
      this.#core.update(id, patch);
    } catch {
      // The next write of the entry itself will say so.
    }
  }
}
