import { KeysealError, translated } from "../errors.js";
import { type Core, core as loadCore } from "../loader/init.js";
import type { CompanionIdentity, Detection, Entry, ProviderInfo, TestResult } from "../types.js";
import type { LocalEntry, VaultCore } from "../wasm/keyseal.js";
import { type AddOptions, type EntryPatch, isoDate, type VaultOptions } from "./arguments.js";
import { BrowserEntries } from "./browser.js";
import { Companion, isAway } from "./companion.js";
import { lastPriority, merged, usable } from "./entries.js";
import { forwardingFetch } from "./forward.js";
import type { Keepers, Pasted } from "./keeper.js";
import { baseOf, type Flavour, type SdkOptions, sdkOptions } from "./options.js";
import { Pinned } from "./pinned.js";
import { type ListedProvider, mergedProviders } from "./providers.js";
import { subjectOf } from "./subject.js";
import { SyncedEntries } from "./synced.js";

/**
 * A person's keys, as an app holds them: listed masked, used through `fetch`, never readable.
 *
 * Dispatches `change` whenever `entries` or `problems` changed.
 *
 * @example
 * const vault = await Vault.open({ companion: "https://keys.example.com", token: () => session.jwt });
 * const entry = await vault.add(pasted, { label: "prod" });
 * const openai = new OpenAI(vault.options("openai"));
 */
export class Vault extends EventTarget {
  readonly #core: VaultCore;
  readonly #wasm: Core;
  readonly #companion: Companion;
  readonly #pinned: Pinned;
  readonly #browser: BrowserEntries;
  readonly #synced: SyncedEntries;
  readonly #keepers: Keepers;
  readonly #sub: string;

  #listedProviders: readonly ListedProvider[] = [];
  #away: KeysealError | undefined;
  #damaged: KeysealError | undefined;
  #entries: readonly Entry[] = Object.freeze([]);

  /**
   * `fetch` with the caller's identity and key added. Only below the companion's `/forward` and `/v1`; any other
   * address is refused with `url_not_companion`. The first active entry in order is used, or the one that a
   * `Keyseal-Entry` header names.
   *
   * @example
   * const answer = await vault.fetch(`${vault.baseURL("openai")}/chat/completions`, {
   *   method: "POST",
   *   headers: { "Content-Type": "application/json" },
   *   body: JSON.stringify({ model, messages, stream: true }),
   * });
   */
  readonly fetch: typeof fetch;

  private constructor(
    wasm: Core,
    core: VaultCore,
    companion: Companion,
    sub: string,
    trustedIdentity: string | undefined,
  ) {
    super();
    this.#wasm = wasm;
    this.#core = core;
    this.#companion = companion;
    this.#sub = sub;
    this.#pinned = new Pinned(wasm, core, companion, trustedIdentity);
    this.#browser = new BrowserEntries(core, companion, this.#pinned);
    this.#synced = new SyncedEntries(core, companion, this.#pinned);
    this.#keepers = { browser: this.#browser, synced: this.#synced };
    companion.onUnreachable = (error) => {
      this.#away = error;
      this.#changed();
    };
    this.fetch = forwardingFetch({
      companion,
      entries: () => this.#entries,
      envelope: (entry, request) => this.#browser.envelope(entry, request),
      refreshKeyset: () => this.#pinned.refresh(),
      served: (response, entry) => {
        this.#browser.noteUse(response, entry);
        this.#changed();
      },
    });
  }

  /**
   * Opens the vault that this browser keeps for this companion and this caller, and asks the companion for what it
   * holds. A companion that does not answer is no failure: the local copies are listed and `problems` says so.
   *
   * @example
   * const vault = await Vault.open({ companion: "https://keys.example.com", token: () => session.jwt });
   * console.table(vault.entries);
   */
  static async open(options: VaultOptions): Promise<Vault> {
    const companion = new Companion(options.companion, options.token);
    const wasm = await loadCore();
    const token = await companion.token();
    const sub = await companion.call<{ sub: string }>("GET", "/api/v1/me", { token }).then(
      (me) => me.sub,
      // Offline the token itself says whose vault to open; it is only a name here, and opens nothing.
      (error: unknown) => (isAway(error) ? subjectOf(token, error) : Promise.reject(error)),
    );
    const core = await wasm.VaultCore.open({
      issuer: companion.url,
      sub,
      ...(options.memory === undefined ? {} : { memory: options.memory }),
    }).catch((error: unknown) => Promise.reject(KeysealError.from(error)));
    const vault = new Vault(wasm, core, companion, sub, options.trustedIdentity);
    await vault.refresh();
    return vault;
  }

  /**
   * All entries, masked: by provider, and within a provider in the order of use.
   *
   * @example
   * for (const { provider, keyHint, status } of vault.entries) console.log(provider, keyHint, status);
   */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /**
   * What is wrong right now, without anything being lost: companion unreachable, its key set refused, storage full.
   *
   * @example
   * for (const problem of vault.problems) banner(problem.message, problem.next);
   */
  get problems(): readonly KeysealError[] {
    const now = [this.#pinned.refused, this.#away, this.#synced.notCopied, this.#damaged];
    const all = now.filter((problem) => problem !== undefined);
    // A full disk fails pinning and copying alike: said once is enough.
    return [...new Map(all.map((problem) => [problem.code, problem])).values()];
  }

  /**
   * False where the browser stores nothing (private window): browser-only keys then last as long as the page.
   *
   * @example
   * if (!vault.persistent) warn("Keys kept only in this browser are gone when you close it.");
   */
  get persistent(): boolean {
    return this.#core.persistent;
  }

  /**
   * Whose vault this is: the `sub` that the companion knows the caller by.
   *
   * @example
   * title.textContent = vault.sub;
   */
  get sub(): string {
    return this.#sub;
  }

  /**
   * The companion as this browser has pinned it, with the fingerprint to compare; undefined before the first contact.
   *
   * @example
   * console.log(vault.companion?.fingerprint);
   */
  get companion(): CompanionIdentity | undefined {
    return this.#pinned.identity;
  }

  /**
   * The providers that keys may be added for, by name.
   *
   * @example
   * const chats = vault.providers.filter((provider) => provider.chatPath !== null);
   */
  get providers(): readonly ProviderInfo[] {
    return mergedProviders(this.#wasm.providers(), this.#listedProviders);
  }

  /**
   * Which provider a pasted text belongs to, and its mask. The text is only looked at.
   *
   * @example
   * const { provider, confidence, alternatives } = vault.detect(pasted);
   */
  detect(pasted: Pasted): Detection {
    return translated(() => this.#wasm.detect(pasted));
  }

  /**
   * Seals a pasted key and stores it: on the companion (`synced`), or in this browser's vault (`browser`).
   * Bytes are wiped when done. If the provider cannot be told, throws `provider_ambiguous` with `alternatives`.
   *
   * @example
   * const entry = await vault.add(pasted, { label: "prod", storage: "browser" });
   */
  async add(pasted: Pasted, options: AddOptions = {}): Promise<Entry> {
    const { host, label, expiresAt, onStep = () => {}, storage = "synced" } = options;
    const rid = this.#wasm.newEntryId();
    return this.#storing(pasted, rid, async () => {
      const provider = options.provider ?? this.#detected(pasted);
      const priority = options.priority ?? lastPriority(this.#entries, provider);
      const entry = {
        rid,
        provider,
        priority,
        ...(host ? { host } : {}),
        ...(label ? { label } : {}),
        ...(expiresAt ? { expiresAt: isoDate(expiresAt) } : {}),
      };
      await this.#keepers[storage].add(pasted, entry, onStep);
    });
  }

  /**
   * Puts a new key in place of an entry's old one; label, order and history stay. Bytes are wiped when done.
   *
   * @example
   * if (entry.needsReentry) await vault.replace(entry.id, pasted);
   */
  async replace(id: string, pasted: Pasted): Promise<Entry> {
    const entry = this.#entry(id);
    return this.#storing(pasted, id, () => this.#keepers[entry.storage].replace(entry, pasted));
  }

  /**
   * Asks the provider, with its cheapest call, whether it accepts the key. A failed test never removes a key.
   *
   * @example
   * const { status, statusDetail } = await vault.test(entry.id);
   */
  async test(id: string): Promise<TestResult> {
    const entry = this.#entry(id);
    return this.#changing(() => this.#keepers[entry.storage].test(entry));
  }

  /**
   * Changes label, activity, order or expiry. The sealed key is not touched.
   *
   * @example
   * await vault.update(entry.id, { label: "production", isActive: false });
   */
  async update(id: string, patch: EntryPatch): Promise<Entry> {
    const { storage } = this.#entry(id);
    const { expiresAt, ...rest } = patch;
    const date = expiresAt === undefined ? {} : { expiresAt: expiresAt && isoDate(expiresAt) };
    await this.#changing(() => this.#keepers[storage].update(id, { ...rest, ...date }));
    return this.#entry(id);
  }

  /**
   * Sets the order of use within a provider; `ids` names all of its entries, the first is used first.
   *
   * @example
   * await vault.reorder("openai", [second.id, first.id]);
   */
  async reorder(provider: string, ids: readonly string[]): Promise<void> {
    const mine = this.#entries.filter((entry) => entry.provider === provider);
    if (
      ids.length !== mine.length ||
      new Set(ids).size !== ids.length ||
      mine.some(({ id }) => !ids.includes(id))
    ) {
      const message = "The order must name each of the provider's entries once.";
      const next = "Call vault.refresh() and order the entries listed then.";
      throw new KeysealError("validation", message, { next });
    }
    if (mine.every((entry) => entry.storage === "synced")) {
      return this.#changing(() => this.#synced.reorder(provider, ids));
    }
    // Both storages share one numbering, of which the companion knows only its own part: so each number by itself.
    for (const [priority, id] of ids.entries()) {
      if (this.#entry(id).priority !== priority) await this.update(id, { priority });
    }
  }

  /**
   * Destroys an entry's ciphertext, here and on the companion. It cannot be undone, and an id never comes back.
   *
   * @example
   * await vault.revoke(entry.id);
   */
  async revoke(id: string): Promise<void> {
    const { storage } = this.#entry(id);
    await this.#changing(() => this.#keepers[storage].revoke(id));
  }

  /**
   * Asks the companion again for its keys and for the entries it holds. Never throws because it is unreachable:
   * `problems` tells.
   *
   * @example
   * window.addEventListener("online", () => vault.refresh());
   */
  async refresh(): Promise<void> {
    try {
      const keyset = this.#pinned.refresh().catch((error: unknown) => {
        // Listing goes on without a key set that was refused; sealing does not.
        if (error !== this.#pinned.refused) throw error;
      });
      await Promise.all([keyset, this.#synced.list(), this.#listProviders()]);
      this.#away = undefined;
    } catch (error) {
      const problem = KeysealError.from(error);
      if (!isAway(problem)) throw problem;
      this.#away = problem;
    } finally {
      this.#changed();
    }
  }

  /**
   * Address of a provider's API through the companion, with the provider's base path, as SDKs want it.
   *
   * @example
   * vault.baseURL("openai"); // https://keys.example.com/forward/openai/v1
   */
  baseURL(provider: string): string {
    return this.#base(provider, "ai-sdk");
  }

  /**
   * What a provider's SDK takes in its constructor, so that it works through this vault.
   *
   * @example
   * const openai = new OpenAI(vault.options("openai"));
   * const anthropic = createAnthropic(vault.options("anthropic", "ai-sdk"));
   */
  options(provider: string, flavour: Flavour = "sdk"): SdkOptions {
    return sdkOptions(this.#base(provider, flavour), flavour, this.fetch);
  }

  /**
   * The headers that `fetch` would add, for callers that build requests themselves. `path` is the path as the
   * companion sees it. For a browser-only entry they are good for one request.
   *
   * @example
   * const path = "/forward/openai/v1/chat/completions";
   * const headers = await vault.headersFor("openai", { method: "POST", path });
   */
  async headersFor(
    provider: string,
    request: { method: string; path: string; entry?: string },
  ): Promise<Record<string, string>> {
    const token = await this.#companion.token();
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    const entry = request.entry ? this.#entry(request.entry) : usable(this.#entries, provider)[0];
    if (entry?.storage === "browser") {
      const path = request.path.replace(/[?#].*$/s, "");
      Object.assign(
        headers,
        await this.#browser.envelope(entry, { method: request.method.toUpperCase(), path, token }),
      );
      if (request.entry) headers["Keyseal-Fallback"] = "none";
    } else if (request.entry) {
      headers["Keyseal-Entry"] = request.entry;
    }
    return headers;
  }

  /**
   * Which entry an answer of `fetch` was served by; `"platform"` for the operator's own key; null if none was used.
   *
   * @example
   * const served = vault.servedBy(response);
   * if (served && served !== "platform") note(`answered under ${served.keyHint}`);
   */
  servedBy(response: Response): Entry | "platform" | null {
    const header = response.headers.get("Keyseal-Served-By") ?? "";
    if (header === "platform") return "platform";
    const id = header.startsWith("entry ")
      ? header.slice("entry ".length)
      : this.#browser.servedBy(response);
    return this.#entries.find((entry) => entry.id === id) ?? null;
  }

  /**
   * What lies in this browser's storage for this vault, as it lies there: ciphertext and display data.
   *
   * @example
   * for (const { where, name, value } of vault.records()) console.log(where, name, value);
   */
  records(): { where: string; name: string; value: string }[] {
    return translated(() => this.#core.rawRecords());
  }

  /**
   * What the companion stores for the synced entries, as it lies there: the sealed keys, which no browser can open.
   *
   * @example
   * console.log(JSON.stringify(vault.sealed()));
   */
  sealed(): { id: string; sealedKey: unknown }[] {
    return (this.#synced.listed ?? []).map(({ id, sealedKey }) => ({ id, sealedKey }));
  }

  #detected(pasted: Pasted): string {
    const { provider, confidence, alternatives } = this.#wasm.detect(pasted);
    if (provider && (confidence === "certain" || alternatives.length === 0)) return provider;
    throw new KeysealError(
      "provider_ambiguous",
      "This text does not tell which provider's key it is.",
      {
        next: "Name the provider.",
        alternatives: provider
          ? [provider, ...alternatives.filter((id) => id !== provider)]
          : alternatives,
      },
    );
  }

  /** Stores a pasted key, wipes what was pasted, and gives the entry as it is now. */
  async #storing(pasted: Pasted, id: string, store: () => Promise<void>): Promise<Entry> {
    try {
      await this.#changing(store);
      return this.#entry(id);
    } finally {
      if (typeof pasted !== "string") pasted.fill(0);
    }
  }

  /** Does something to an entry; whatever became of it, the list is drawn from what is true afterwards. */
  async #changing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw KeysealError.from(error);
    } finally {
      this.#changed();
    }
  }

  async #listProviders(): Promise<void> {
    const { providers } = await this.#companion.call<{ providers: ListedProvider[] }>(
      "GET",
      "/api/v1/providers",
    );
    this.#listedProviders = providers;
  }

  #entry(id: string): Entry {
    const entry = this.#entries.find((entry) => entry.id === id);
    if (entry) return entry;
    throw new KeysealError("entry_unknown", "There is no such entry.", {
      next: "Call vault.refresh() and look again.",
    });
  }

  #base(provider: string, flavour: Flavour): string {
    return baseOf(this.#companion.url, provider, this.#provider(provider).basePath, flavour);
  }

  #provider(id: string): ProviderInfo {
    const provider = this.providers.find((provider) => provider.id === id);
    if (provider) return provider;
    throw new KeysealError("provider_unknown", `There is no provider "${id}".`, {
      next: "The ids are in vault.providers.",
    });
  }

  #changed(): void {
    let local: LocalEntry[] = [];
    try {
      local = this.#core.entries();
      this.#damaged = undefined;
    } catch (error) {
      this.#damaged = KeysealError.from(error);
    }
    this.#entries = merged(this.#synced.listed, local);
    this.dispatchEvent(new Event("change"));
  }
}
