import { KeysealError } from "../errors.js";
import { type Core, core as loadCore } from "../loader/init.js";
import type {
  CompanionIdentity,
  Detection,
  Entry,
  ProviderInfo,
  Storage,
  TestResult,
} from "../types.js";
import type { LocalEntry, LocalEntryPatch, VaultCore } from "../wasm/keyseal.js";
import { Companion, type TokenSource } from "./companion.js";
import { type ListedEntry, lastPriority, merged, usable, validity } from "./entries.js";
import { forwardingFetch } from "./forward.js";
import { type Flavour, type SdkOptions, sdkOptions } from "./options.js";
import { Pinned } from "./pinned.js";
import { type ListedProvider, mergedProviders } from "./providers.js";
import { subjectOf } from "./subject.js";

/** How a vault is opened. */
export interface VaultOptions {
  /** The companion's address, exactly as it is configured there (`public_url`). */
  companion: string;
  /** The caller's token for the companion; asked before every request. */
  token: TokenSource;
  /** Thumbprint of the companion's identity key, where the app ships it. Without it the first one seen is pinned. */
  trustedIdentity?: string;
  /** Keep everything in memory, even where the browser could store it. */
  memory?: boolean;
}

/** How a key is added. */
export interface AddOptions {
  /** Id of the provider; by default, the one that detection is sure of. */
  provider?: string;
  label?: string;
  /** `synced` (the default) or `browser`. */
  storage?: Storage;
  /** A custom endpoint, `host` or `host:port`, where the provider has such; it is sealed into the key. */
  host?: string;
  /** 0 is used first; by default the new key comes last. */
  priority?: number;
  /** RFC 3339, or a Date; by default never. */
  expiresAt?: string | Date | null;
  /** Told as the work goes on, for a progress display. */
  onStep?: (step: "sealing" | "storing") => void;
}

/** What of an entry may change without pasting the key again. */
export interface EntryPatch {
  label?: string;
  isActive?: boolean;
  priority?: number;
  expiresAt?: string | Date | null;
}

const TEST_TIMEOUT_MS = 60_000;
/** A browser-only entry's "last used" is display: one write a minute is enough. */
const USE_NOTED_EVERY_MS = 60_000;

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
  readonly #problems = new Map<"companion" | "storage", KeysealError>();
  readonly #servedBy = new WeakMap<Response, string>();

  readonly #sub: string;
  #listed: readonly ListedEntry[] | undefined;
  #listedProviders: readonly ListedProvider[] = [];
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
    companion.onUnreachable = (error) => {
      this.#note("companion", error);
      this.#changed();
    };
    this.fetch = forwardingFetch({
      companion,
      entries: () => this.#entries,
      envelope: (entry, request) => this.#envelope(entry, request),
      refreshKeyset: () => this.#pinned.refresh(),
      served: (response, entry) => this.#noteUse(response, entry),
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
    const { refused } = this.#pinned;
    const all = [...(refused ? [refused] : []), ...this.#problems.values()];
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
  detect(pasted: string | Uint8Array): Detection {
    return this.#wasm.detect(pasted);
  }

  /**
   * Seals a pasted key and stores it: on the companion (`synced`), or in this browser's vault (`browser`).
   * Bytes are wiped when done. If the provider cannot be told, throws `provider_ambiguous` with `alternatives`.
   *
   * @example
   * const entry = await vault.add(pasted, { label: "prod", storage: "browser" });
   */
  async add(pasted: string | Uint8Array, options: AddOptions = {}): Promise<Entry> {
    try {
      const provider = options.provider ?? this.#detected(pasted);
      const rid = this.#wasm.newEntryId();
      const shared = {
        rid,
        provider,
        ...(options.host ? { host: options.host } : {}),
        ...(options.label ? { label: options.label } : {}),
        ...(options.expiresAt ? { expiresAt: isoDate(options.expiresAt) } : {}),
        priority: options.priority ?? lastPriority(this.#entries, provider),
      };
      if (options.storage === "browser") {
        options.onStep?.("sealing");
        // Sealing and storing are one step inside the wasm: what is not stored was never sealed.
        await this.#pinned.ready();
        await this.#core.addBrowser(copyOf(pasted), shared);
        options.onStep?.("storing");
      } else {
        await this.#upload(pasted, shared, options.onStep);
      }
      this.#changed();
      return this.#entry(rid);
    } catch (error) {
      throw KeysealError.from(error);
    } finally {
      if (typeof pasted !== "string") pasted.fill(0);
    }
  }

  /**
   * Puts a new key in place of an entry's old one; label, order and history stay. Bytes are wiped when done.
   *
   * @example
   * if (entry.needsReentry) await vault.replace(entry.id, pasted);
   */
  async replace(id: string, pasted: string | Uint8Array): Promise<Entry> {
    const entry = this.#entry(id);
    try {
      if (entry.storage === "browser") {
        await this.#core.replaceBrowser(id, copyOf(pasted));
      } else {
        const { provider, host } = entry;
        const sealed = { rid: id, provider, ...(host ? { host } : {}) };
        const path = entryPath(id);
        this.#keepListed(
          await this.#sealAndSend(pasted, sealed, (sealedKey) =>
            this.#companion.call<ListedEntry>("PATCH", path, { json: { sealedKey } }),
          ),
        );
      }
      this.#changed();
      return this.#entry(id);
    } catch (error) {
      throw KeysealError.from(error);
    } finally {
      if (typeof pasted !== "string") pasted.fill(0);
    }
  }

  /**
   * Asks the provider, with its cheapest call, whether it accepts the key. A failed test never removes a key.
   *
   * @example
   * const { status, statusDetail } = await vault.test(entry.id);
   */
  async test(id: string): Promise<TestResult> {
    const entry = this.#entry(id);
    const result =
      entry.storage === "browser"
        ? await this.#testFromBrowser(entry)
        : await this.#companion.call<TestResult>("POST", `${entryPath(id)}/test`, {
            timeoutMs: TEST_TIMEOUT_MS,
          });
    const seen = {
      status: result.status,
      statusDetail: result.statusDetail ?? null,
      lastTestedAt: result.testedAt,
    };
    if (entry.storage === "browser") this.#noteStatus(id, seen);
    else {
      const listed = this.#listed?.find((entry) => entry.id === id);
      if (listed) this.#keepListed({ ...listed, ...seen, isValid: validity(result.status) });
    }
    this.#changed();
    return result;
  }

  /**
   * Changes label, activity, order or expiry. The sealed key is not touched.
   *
   * @example
   * await vault.update(entry.id, { label: "production", isActive: false });
   */
  async update(id: string, patch: EntryPatch): Promise<Entry> {
    const entry = this.#entry(id);
    const { expiresAt, ...rest } = patch;
    const change = {
      ...rest,
      ...(expiresAt === undefined ? {} : { expiresAt: expiresAt && isoDate(expiresAt) }),
    };
    if (entry.storage === "browser") {
      try {
        this.#core.update(id, change);
      } catch (error) {
        throw KeysealError.from(error);
      }
    } else {
      this.#keepListed(
        await this.#companion.call<ListedEntry>("PATCH", entryPath(id), { json: change }),
      );
    }
    this.#changed();
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
      throw new KeysealError(
        "validation",
        "The order must name each of the provider's entries once.",
        {
          next: "Call vault.refresh() and order the entries listed then.",
        },
      );
    }
    if (mine.every((entry) => entry.storage === "synced")) {
      await this.#companion.call("POST", "/api/v1/api-keys/reorder", { json: { provider, ids } });
      await this.#list();
      this.#changed();
      return;
    }
    // Mixed storages share one numbering, which the companion knows only its own part of: so each number by itself.
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
    const entry = this.#entry(id);
    if (entry.storage === "browser") {
      try {
        this.#core.remove(id);
      } catch (error) {
        throw KeysealError.from(error);
      }
    } else {
      await this.#companion.call("DELETE", entryPath(id)).catch((error: unknown) => {
        // Already gone there (another tab, another device): what is left is this browser's copy.
        if (!(error instanceof KeysealError && error.code === "not_found")) throw error;
      });
      if (!this.#listed) await this.#list();
      this.#setListed((this.#listed ?? []).filter((listed) => listed.id !== id));
    }
    this.#changed();
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
      await Promise.all([keyset, this.#list(), this.#listProviders()]);
      this.#problems.delete("companion");
    } catch (error) {
      if (!isAway(error)) throw KeysealError.from(error);
      this.#note("companion", error);
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
    return `${this.#companion.url}/forward/${encodeURIComponent(provider)}${this.#provider(provider).basePath}`;
  }

  /**
   * What a provider's SDK takes in its constructor, so that it works through this vault.
   *
   * @example
   * const openai = new OpenAI(vault.options("openai"));
   * const anthropic = createAnthropic(vault.options("anthropic", "ai-sdk"));
   */
  options(provider: string, flavour: Flavour = "sdk"): SdkOptions {
    const root = `${this.#companion.url}/forward/${encodeURIComponent(provider)}`;
    return sdkOptions(
      flavour,
      provider,
      { root, basePath: this.#provider(provider).basePath },
      this.fetch,
    );
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
        await this.#envelope(entry, { method: request.method.toUpperCase(), path, token }),
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
      : this.#servedBy.get(response);
    return this.#entries.find((entry) => entry.id === id) ?? null;
  }

  /**
   * What lies in this browser's storage for this vault, as it lies there: ciphertext and display data.
   *
   * @example
   * for (const { where, name, value } of vault.records()) console.log(where, name, value);
   */
  records(): { where: string; name: string; value: string }[] {
    return this.#core.rawRecords();
  }

  /**
   * What the companion stores for the synced entries, as it lies there: the sealed keys, which no browser can open.
   *
   * @example
   * console.log(JSON.stringify(vault.sealed()));
   */
  sealed(): { id: string; sealedKey: unknown }[] {
    return (this.#listed ?? []).map(({ id, sealedKey }) => ({ id, sealedKey }));
  }

  #detected(pasted: string | Uint8Array): string {
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

  async #upload(
    pasted: string | Uint8Array,
    {
      label,
      priority,
      expiresAt,
      ...sealed
    }: {
      rid: string;
      provider: string;
      host?: string;
      label?: string;
      priority: number;
      expiresAt?: string;
    },
    onStep: AddOptions["onStep"],
  ): Promise<void> {
    onStep?.("sealing");
    const entry = await this.#sealAndSend(pasted, sealed, async (sealedKey) => {
      onStep?.("storing");
      const json = {
        id: sealed.rid,
        provider: sealed.provider,
        sealedKey,
        label,
        priority,
        expiresAt,
      };
      const post = () => this.#companion.call<ListedEntry>("POST", "/api/v1/api-keys", { json });
      // The same id and body again is answered with the same entry: safe where the first answer got lost.
      return post().catch((error: unknown) =>
        isUnreachable(error) ? post() : Promise.reject(error),
      );
    });
    this.#keepListed(entry);
  }

  /** Seals to the pinned current key and sends it; see `Pinned.sealing`. */
  #sealAndSend(
    pasted: string | Uint8Array,
    claims: { rid: string; provider: string; host?: string },
    send: (sealedKey: object) => Promise<ListedEntry>,
  ): Promise<ListedEntry> {
    return this.#pinned.sealing(async () => send(this.#core.seal(copyOf(pasted), claims)));
  }

  async #envelope(
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

  #testFromBrowser(entry: Entry): Promise<TestResult> {
    const path = `/api/v1/test/${encodeURIComponent(entry.provider)}`;
    return this.#pinned.sealing(async () => {
      const token = await this.#companion.token();
      const headers = await this.#envelope(entry, { method: "POST", path, token });
      return this.#companion.call<TestResult>("POST", path, {
        token,
        headers,
        timeoutMs: TEST_TIMEOUT_MS,
      });
    });
  }

  async #list(): Promise<void> {
    const { keys } = await this.#companion.call<{ keys: ListedEntry[] }>("GET", "/api/v1/api-keys");
    this.#setListed(keys);
  }

  #keepListed(entry: ListedEntry): void {
    this.#setListed([...(this.#listed ?? []).filter(({ id }) => id !== entry.id), entry]);
  }

  #setListed(keys: readonly ListedEntry[]): void {
    this.#listed = keys;
    try {
      this.#core.putSynced([...keys]);
      this.#problems.delete("storage");
    } catch (error) {
      // The companion has them; only the copy for offline listing is missing.
      this.#note("storage", error);
    }
  }

  async #listProviders(): Promise<void> {
    const { providers } = await this.#companion.call<{ providers: ListedProvider[] }>(
      "GET",
      "/api/v1/providers",
    );
    this.#listedProviders = providers;
  }

  #noteUse(response: Response, entry: Entry): void {
    this.#servedBy.set(response, entry.id);
    const now = Date.now();
    const lastUsedAt = new Date(now).toISOString();
    if (response.status === 401) {
      this.#noteStatus(entry.id, {
        status: "invalid",
        statusDetail: "The provider refused this key (401).",
      });
    } else if (response.ok && entry.status === "invalid") {
      this.#noteStatus(entry.id, { status: "valid", statusDetail: null, lastUsedAt });
    } else if (!entry.lastUsedAt || now - Date.parse(entry.lastUsedAt) >= USE_NOTED_EVERY_MS) {
      this.#noteStatus(entry.id, { lastUsedAt });
    } else return;
    this.#changed();
  }

  /** Display data of a browser-only entry. Not worth failing a request over: a full disk is only noted. */
  #noteStatus(id: string, patch: LocalEntryPatch): void {
    try {
      this.#core.update(id, patch);
    } catch (error) {
      this.#note("storage", error);
    }
  }

  #note(about: "companion" | "storage", error: unknown): void {
    this.#problems.set(about, KeysealError.from(error));
  }

  #entry(id: string): Entry {
    const entry = this.#entries.find((entry) => entry.id === id);
    if (entry) return entry;
    throw new KeysealError("entry_unknown", "There is no such entry.", {
      next: "Call vault.refresh() and look again.",
    });
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
    } catch (error) {
      this.#note("storage", error);
    }
    this.#entries = merged(this.#listed, local);
    this.dispatchEvent(new Event("change"));
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof KeysealError && error.code === "companion_unreachable";
}

/** No answer, or none that is the companion's own verdict on this caller: what is known here goes on being shown. */
function isAway(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof KeysealError && error.code === "unavailable");
}

function entryPath(id: string): string {
  return `/api/v1/api-keys/${encodeURIComponent(id)}`;
}

function isoDate(date: string | Date): string {
  return typeof date === "string" ? date : date.toISOString();
}

/** The wasm may wipe the bytes it is given; a second seal still needs them. */
function copyOf(pasted: string | Uint8Array): string | Uint8Array {
  return typeof pasted === "string" ? pasted : pasted.slice();
}
