import { codeOf, failed, KeysealError, noProvider, translated } from "../errors.js";
import { type Core, core as loadCore } from "../loader/init.js";
import type {
  Activity,
  CompanionIdentity,
  Detection,
  Entry,
  ProviderInfo,
  Slot,
  TestResult,
  Usage,
} from "../types.js";
import type { LocalEntry, VaultCore } from "../wasm/keyseal.js";
import { AppNotes } from "./app-notes.js";
import {
  type ActivityQuery,
  type AddOptions,
  type EntryPatch,
  isoDate,
  type UnlockWith,
  type UsageQuery,
  type VaultOptions,
} from "./arguments.js";
import { BrowserEntries } from "./browser.js";
import { Companion, isAway } from "./companion.js";
import { DeviceCounts, type DeviceUsage } from "./device-usage.js";
import { fitDoor } from "./door.js";
import { Durable } from "./durable.js";
import { lastPriority, merged, usable } from "./entries.js";
import { Exclusive } from "./exclusive.js";
import { forwardingFetch } from "./forward.js";
import type { Keepers, Pasted } from "./keeper.js";
import { Latch } from "./latch.js";
import { lostKey } from "./lost.js";
import { Notes } from "./notes.js";
import { Offline } from "./offline.js";
import { baseOf, type Flavour, type SdkOptions, sdkOptions } from "./options.js";
import { Order } from "./order.js";
import type { Parts } from "./parts.js";
import { Pinned } from "./pinned.js";
import { type ListedProvider, mergedProviders } from "./providers.js";
import { Relayed } from "./relayed.js";
import { Reports } from "./reports.js";
import { Rests } from "./rests.js";
import { Slots } from "./slots.js";
import { subjectOf } from "./subject.js";
import { SyncedEntries } from "./synced.js";
import { type Heard, Tabs } from "./tabs.js";

/**
 * A person's keys, as an app holds them: listed masked, used through `fetch`, never readable.
 *
 * Dispatches `change` whenever `entries`, `problems` or `unlocked` changed, also by another tab.
 *
 * @example
 * const vault = await Vault.open({ companion: "https://keys.example.com", token: () => session.jwt });
 * const entry = await vault.add(pasted, { label: "prod" });
 * const openai = new OpenAI(vault.options("openai"));
 */
export class Vault extends EventTarget {
  readonly #parts: Parts;
  readonly #browser: BrowserEntries;
  readonly #synced: SyncedEntries;
  readonly #keepers: Keepers;
  readonly #sub: string;
  readonly #order: Order;
  readonly #durable: Durable;
  readonly #tabs: Tabs;
  readonly #counts: DeviceCounts;
  readonly #reports: Reports;

  #listedProviders: readonly ListedProvider[] = [];
  #away: KeysealError | undefined;
  #damaged: KeysealError | undefined;
  #lost: KeysealError | undefined;
  #refreshing = 0;
  #entries: readonly Entry[] = Object.freeze([]);

  /**
   * `fetch` with the caller's identity and key added. Only below the companion's `/forward` and `/v1`; any other
   * address is refused with `url_not_companion`. The first active entry in order is used, or the one that a
   * `Keyseal-Entry` header names. A browser-only key goes by the relay, where the vault was opened with one, else in a
   * request envelope, where that is allowed.
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
    options: VaultOptions,
  ) {
    super();
    const notes = new Notes(core);
    // Each has, when it is made, those that were made before it.
    const parts = { wasm, core, companion, notes } as Parts;
    parts.changed = () => this.#changed();
    parts.exclusive = new Exclusive(notes, "vault");
    parts.slots = new Slots(core, notes);
    parts.latch = new Latch(parts, options.autoLockMinutes ?? null, () => {
      if (!this.unlocked) this.#tabs.sayLocked();
      this.#changed();
    });
    parts.pinned = new Pinned(parts, options.trustedIdentity);
    parts.offline = new Offline(notes, (id) => this.#named(id));
    parts.rests = new Rests(notes);
    parts.appNotes = new AppNotes(parts);
    const counts = new DeviceCounts(parts);
    parts.relayed = new Relayed(parts, options.relay, (rows) => counts.add(rows));
    this.#counts = counts;
    this.#reports = new Reports(companion);
    this.#parts = parts;
    this.#sub = sub;
    this.#order = new Order(notes);
    this.#durable = new Durable(notes, parts.changed);
    this.#browser = new BrowserEntries(parts);
    this.#synced = new SyncedEntries(parts);
    this.#keepers = { browser: this.#browser, synced: this.#synced };
    this.#tabs = new Tabs(
      notes,
      (heard) => this.#heard(heard),
      () => this.#lockedElsewhere(),
    );
    fitDoor(this, { ...parts, taken: () => this.#durable.ask() });
    companion.onUnreachable = (error) => {
      this.#away = error;
      this.#changed();
    };
    companion.onReached = () => this.#back();
    globalThis.addEventListener?.("online", this.#online);
    this.fetch = forwardingFetch({
      companion,
      entries: () => this.#entries,
      relayed: (entry, asked) => parts.relayed.fetch(entry, asked),
      envelope: (entry, request) => this.#browser.envelope(entry, request),
      refreshKeyset: () => parts.pinned.refresh(),
      served: (answered, entry, method) => this.#browser.noteUse(answered, entry, method),
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
    // On a slow line the wasm is by far the most of it: the companion is asked meanwhile.
    const [wasm, sub] = await Promise.all([loadCore(), whoseVault(companion)]);
    const core = await wasm.VaultCore.open({
      issuer: companion.url,
      sub,
      // Whether the device may open it is for the latch to say.
      held: true,
      ...(options.memory === undefined ? {} : { memory: options.memory }),
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    }).catch(failed);
    const vault = new Vault(wasm, core, companion, sub, options);
    try {
      await vault.#parts.latch.open();
      await vault.refresh();
      return vault;
    } catch (error) {
      // Nobody holds it: it must not stay unlocked, nor go on listening.
      vault.close();
      throw error;
    }
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
   * What is wrong right now: companion unreachable, its key set refused, storage full, the key to browser-only
   * entries lost, a change dropped that was made while the companion was away.
   *
   * @example
   * for (const problem of vault.problems) banner(problem.message, problem.next);
   */
  get problems(): readonly KeysealError[] {
    const now = [
      this.#parts.pinned.refused,
      this.#away,
      this.#synced.notCopied,
      this.#damaged,
      this.#lost,
    ];
    const all = now.filter((problem) => problem !== undefined);
    // A full disk fails pinning and copying alike: said once is enough.
    const once = new Map(all.map((problem) => [problem.code, problem]));
    return [...once.values(), ...this.#parts.offline.dropped];
  }

  /**
   * Takes a problem off the list that somebody has read: one with the code `change_dropped`. The others go when
   * their cause does.
   *
   * @example
   * for (const problem of vault.problems) if (problem.code === "change_dropped") vault.dismiss(problem);
   */
  dismiss(problem: KeysealError): void {
    if (this.#parts.offline.dismiss(problem)) this.#changed();
  }

  /**
   * False while the vault is locked: its browser-only keys can be neither used nor added until `unlock`. Synced keys
   * are not affected.
   *
   * @example
   * if (!vault.unlocked) showUnlock(vault.slots);
   */
  get unlocked(): boolean {
    return this.#parts.latch.unlocked;
  }

  /**
   * The ways to unlock this vault, in the order in which they were added; empty before its first browser-only key.
   *
   * @example
   * const kinds = vault.slots.map(({ kind }) => kind); // ["device", "passphrase"]
   */
  get slots(): readonly Slot[] {
    return this.#parts.slots.list();
  }

  /**
   * Wipes the vault key and all that was derived from it, here and in this vault's other tabs. Nothing opens it
   * again by itself, the device's slot and a reload included, until `unlock` is called in one of them.
   *
   * @example
   * lockButton.onclick = () => vault.lock();
   */
  lock(): void {
    this.#parts.latch.lock();
  }

  /**
   * Unlocks the vault with a passphrase, a recovery code or a passkey; with nothing, by this device. Whatever is
   * wrong with a secret, the error is `wrong_secret`, and the next attempt waits longer: 1 second, then 2, 4, at
   * most 30. Nobody is locked out.
   *
   * @example
   * await vault.unlock({ passphrase: field.value });
   */
  async unlock(secret?: UnlockWith): Promise<void> {
    await this.#changing(() => this.#parts.latch.unlock(secret));
  }

  /**
   * After how many minutes without use the vault locks itself, in all tabs alike and kept for this vault; null for
   * never. Use is unlocking it, and adding, replacing, testing or using a browser-only key, in any tab. A vault that
   * lay idle for longer while no page was open is locked when it is opened.
   *
   * @example
   * vault.autoLockMinutes = 15;
   */
  get autoLockMinutes(): number | null {
    return this.#parts.latch.autoLockMinutes;
  }

  /** Sets it for this vault in this browser, in all its tabs. */
  set autoLockMinutes(minutes: number | null) {
    this.#parts.latch.autoLockMinutes = minutes;
  }

  /**
   * Whether a browser-only key may travel in a request envelope, which the companion opens for the one request, where
   * the relay does not carry it. What was chosen holds for this vault in all its tabs; before that it is true where the
   * app opened the vault without a relay, and false where it did with one.
   *
   * @example
   * vault.allowsEnvelope = false; // from now on by the relay, or not at all
   */
  get allowsEnvelope(): boolean {
    return this.#parts.relayed.allowsEnvelope;
  }

  /** Sets it for this vault in this browser, in all its tabs. */
  set allowsEnvelope(allowed: boolean) {
    this.#parts.relayed.allowsEnvelope = allowed;
    this.#changed();
  }

  /**
   * What requests by the relay have used, counted in this browser: no companion can. By day, newest first, for 90
   * days, kept sealed; a locked vault throws `vault_locked`.
   *
   * @example
   * for (const { day, model, totalTokens } of await vault.deviceUsage()) console.log(day, model, totalTokens);
   */
  async deviceUsage(): Promise<readonly DeviceUsage[]> {
    if (this.#parts.core.locked) throw this.#parts.latch.locked();
    // What cannot be stored now goes on waiting.
    await this.#parts.relayed.counted().catch(() => undefined);
    return this.#counts.rows();
  }

  /**
   * Gives up a vault that can no longer be unlocked: the ways to unlock it go, and its browser-only entries wait to
   * be entered again, one by one (`replace`). An unlocked vault is not given up.
   *
   * @example
   * if (!vault.unlocked && (await confirm("Enter all its keys again?"))) await vault.startOver();
   */
  async startOver(): Promise<void> {
    if (this.unlocked && !this.#lost && !this.#damaged) {
      throw new KeysealError("validation", "This vault is unlocked: nothing has to be given up.", {
        next: "Revoke single entries instead.",
      });
    }
    await this.#changing(async () => {
      await this.#parts.exclusive.run(() => this.#parts.core.startOver());
      this.#parts.latch.forget();
    });
  }

  /**
   * Ends the use of this object: forgets its vault key, and hears no other tabs any more. For apps that open a vault
   * for somebody else in the same page.
   *
   * @example
   * signOut.onclick = () => vault.close();
   */
  close(): void {
    this.#parts.relayed.end();
    this.#parts.latch.close();
    this.#tabs.close();
    globalThis.removeEventListener?.("online", this.#online);
    this.#parts.core.lock();
  }

  /**
   * False where the browser stores nothing (private window): browser-only keys then last as long as the page.
   *
   * @example
   * if (!vault.persistent) warn("Keys kept only in this browser are gone when you close it.");
   */
  get persistent(): boolean {
    return this.#parts.core.persistent;
  }

  /**
   * Whether the browser has promised to keep this site's storage until somebody clears it; null while it has not
   * said. It is asked once, after the first browser-only key was stored.
   *
   * @example
   * if (vault.durable === false) advise("Export your keys: this browser may clear them when space runs short.");
   */
  get durable(): boolean | null {
    return this.#durable.granted;
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
    return this.#parts.pinned.identity;
  }

  /**
   * The providers that keys may be added for, by name.
   *
   * @example
   * const chats = vault.providers.filter((provider) => provider.chatPath !== null);
   */
  get providers(): readonly ProviderInfo[] {
    return mergedProviders(this.#parts.wasm.providers(), this.#listedProviders);
  }

  /**
   * Which provider a pasted text belongs to, and its mask. The text is only looked at.
   *
   * @example
   * const { provider, confidence, alternatives } = vault.detect(pasted);
   */
  detect(pasted: Pasted): Detection {
    return translated(() => this.#parts.wasm.detect(pasted));
  }

  /**
   * Seals a pasted key and stores it: on the companion (`synced`), or in this browser's vault (`browser`).
   * Bytes are wiped when done. If the provider cannot be told, throws `provider_ambiguous` with `alternatives`. A
   * synced key is never kept back for later: while the companion is away it is refused, and nothing is stored.
   *
   * @example
   * const entry = await vault.add(pasted, { label: "prod", storage: "browser" });
   */
  async add(pasted: Pasted, options: AddOptions = {}): Promise<Entry> {
    const { host, label, expiresAt, budgetUsd, budgetPeriod } = options;
    const { onStep = () => {}, storage = "synced" } = options;
    const rid = this.#parts.wasm.newEntryId();
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
        ...(budgetUsd === undefined ? {} : { budgetUsd }),
        ...(budgetPeriod ? { budgetPeriod } : {}),
      };
      await this.#keepers[storage].add(pasted, entry, onStep);
      if (storage !== "browser") return;
      if (options.priority !== undefined) this.#order.place(provider, rid, options.priority);
      this.#durable.ask();
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
   * Changes label, activity, order, expiry or budget. The sealed key is not touched. While the companion is away, a change
   * to a synced entry waits (`entry.pending`) and is sent when it is back; so do `reorder` and `revoke`.
   *
   * @example
   * await vault.update(entry.id, { label: "production", isActive: false });
   */
  async update(id: string, patch: EntryPatch): Promise<Entry> {
    const { storage, provider, pending } = this.#entry(id);
    if (pending === "revoke") {
      throw new KeysealError("revoke_pending", "This entry is going to be revoked.", {
        next: "It goes as soon as the companion can be reached.",
      });
    }
    const { expiresAt, ...rest } = patch;
    const date = expiresAt === undefined ? {} : { expiresAt: expiresAt && isoDate(expiresAt) };
    await this.#changing(async () => {
      await this.#keepers[storage].update(id, { ...rest, ...date });
      if (storage === "browser" && patch.priority !== undefined) {
        this.#order.place(provider, id, patch.priority);
      }
    });
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
    const isSynced = (id: string) => this.#entry(id).storage === "synced";
    const [before, after] = [mine.map(({ id }) => id).filter(isSynced), ids.filter(isSynced)];
    const allSynced = after.length === ids.length;
    await this.#changing(async () => {
      // The companion numbers its own in one step; how the others stand among them is one record here.
      if (allSynced || after.some((id, at) => id !== before[at])) {
        await this.#synced.reorder(provider, after);
      }
      if (allSynced) this.#order.remove(provider);
      else this.#order.put(provider, ids);
    });
  }

  /**
   * Destroys an entry's ciphertext, here and on the companion. It cannot be undone, and an id never comes back. Of a
   * synced entry while the companion is away: it is listed as `pending: "revoke"` until the companion has done it.
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
    this.#refreshing += 1;
    try {
      const keyset = this.#parts.pinned.refresh().catch((error: unknown) => {
        // Listing goes on with a key set that has run out; sealing does not. See `Pinned.foreign`.
        if (error !== this.#parts.pinned.refused) throw error;
      });
      await Promise.all([keyset, this.#listSynced(keyset), this.#listProviders()]);
      this.#away = undefined;
    } catch (error) {
      const problem = KeysealError.from(error);
      if (!isAway(problem)) throw problem;
      this.#away = problem;
    } finally {
      this.#refreshing -= 1;
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
    const token = await this.#parts.companion.token();
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    const entry = request.entry ? this.#entry(request.entry) : usable(this.#entries, provider)[0];
    if (entry?.storage === "browser") {
      this.#parts.relayed.checkEnvelope(entry);
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
    return translated(() => this.#parts.core.rawRecords());
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

  /**
   * What was used through the companion and what it cost, as far as that is known: sums by day, week, provider, model
   * or entry, all pages of them.
   *
   * @example
   * const { rows, totals } = await vault.usage({ from: "2026-11-01", to: "2026-11-30", by: ["provider"] });
   * show(totals.estimatedCostUsd, rows);
   */
  usage(query: UsageQuery = {}): Promise<Usage> {
    return this.#reports.usage(query).catch(failed);
  }

  /**
   * The same as CSV, for a file to save; no cell begins a formula. The companion notes that it was asked for.
   *
   * @example
   * const file = new Blob([await vault.usageCsv({ by: ["day", "provider"] })], { type: "text/csv" });
   * show(file);
   */
  usageCsv(query: UsageQuery = {}): Promise<string> {
    return this.#reports.usageCsv(query).catch(failed);
  }

  /**
   * What was done with this person's entries, and when, as the companion has written it down; the newest first. What
   * is done with keys that only this browser has, the companion does not know.
   *
   * @example
   * const { events, nextCursor } = await vault.activity({ action: "key.revoke" });
   * for (const { at, keyHint } of events) console.log(at, keyHint);
   */
  activity(query: ActivityQuery = {}): Promise<Activity> {
    return this.#reports.activity(query).catch(failed);
  }

  /**
   * Encrypts a text of the app's own, such as a conversation, so that nobody reads it where the app stores it. The
   * name is bound to it; it is not hidden, nor is how long the text is. At most 256 bytes of name and 4 MB of text,
   * and neither is empty. Makes the vault where there is none yet; while it is locked the error is `vault_locked`.
   *
   * Notes have a key of their own: no key of a provider's can be read with these two. They outlive new ways to
   * unlock, and end with the vault (`startOver`, or site data that is cleared). An export does not hold them.
   *
   * @example
   * localStorage.setItem("draft", await vault.sealNote("draft", field.value));
   */
  async sealNote(name: string, text: string): Promise<string> {
    return this.#parts.appNotes.seal(name, text);
  }

  /**
   * Decrypts what `sealNote` made under this name in this vault. All else is `note_damaged`: another name, another
   * vault, any byte changed, and everything that is no note.
   *
   * @example
   * const sealed = await vault.sealNote("draft", "Dear diary");
   * field.value = await vault.openNote("draft", sealed);
   */
  async openNote(name: string, sealed: string): Promise<string> {
    return this.#parts.appNotes.open(name, sealed);
  }

  #detected(pasted: Pasted): string {
    const { provider, confidence, alternatives } = this.#parts.wasm.detect(pasted);
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
      return await work().catch(failed);
    } finally {
      this.#changed();
    }
  }

  /** What waits is told first, so that the list is drawn with it. */
  async #listSynced(keyset: Promise<void>): Promise<void> {
    if (this.#parts.offline.isEmpty) return this.#synced.list(keyset);
    await keyset;
    if (this.#parts.pinned.foreign) return;
    await this.#synced.sendWaiting().catch((error: unknown) => {
      // Anything else passes by itself: it goes on waiting, and the list marks it.
      if (isAway(error) || codeOf(error) === "unauthorized") throw error;
    });
    await this.#synced.list();
  }

  /** The companion answers again. */
  #back(): void {
    // A refresh that is under way does all that itself.
    if (this.#refreshing > 0) return;
    this.#away = undefined;
    if (this.#parts.offline.isEmpty) this.#changed();
    else void this.refresh().catch(() => undefined);
  }

  readonly #online = (): void => {
    if (this.#away || !this.#parts.offline.isEmpty) void this.refresh().catch(() => undefined);
  };

  async #heard({ vault, synced }: Heard): Promise<void> {
    if (synced) this.#synced.copied();
    if (vault) {
      try {
        this.#parts.core.reload();
      } catch {
        // A record that cannot be read is a problem, and said as one below.
      }
      await this.#parts.latch.heard();
    }
    this.#changed();
  }

  #lockedElsewhere(): void {
    this.#parts.latch.close();
    this.#parts.core.lock();
    this.#changed();
  }

  #named(id: string): string {
    return this.#entries.find((entry) => entry.id === id)?.keyHint ?? "an entry";
  }

  async #listProviders(): Promise<void> {
    const { providers } = await this.#parts.companion.call<{ providers: ListedProvider[] }>(
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
    return baseOf(this.#parts.companion.url, provider, this.#provider(provider).basePath, flavour);
  }

  #provider(id: string): ProviderInfo {
    const provider = this.providers.find((provider) => provider.id === id);
    if (provider) return provider;
    throw noProvider(id, "The ids are in vault.providers.");
  }

  #changed(): void {
    let local: LocalEntry[] = [];
    try {
      local = this.#parts.core.entries();
      this.#parts.core.reload();
      this.#damaged = undefined;
    } catch (error) {
      this.#damaged = KeysealError.from(error);
    }
    this.#lost = this.#damaged ? undefined : lostKey(this.#parts.core, local, this.slots);
    const { listed } = this.#synced;
    this.#entries = merged(
      listed,
      local,
      this.#order,
      this.#parts.offline.waiting(),
      this.#parts.rests,
    );
    this.#parts.relayed.changed();
    this.dispatchEvent(new Event("change"));
  }
}

/** Whose vault is to be opened. */
async function whoseVault(companion: Companion): Promise<string> {
  const token = await companion.token();
  try {
    return (await companion.call<{ sub: string }>("GET", "/api/v1/me", { token })).sub;
  } catch (error) {
    // Offline the token itself says it; it is only a name here, and opens nothing.
    if (isAway(error)) return subjectOf(token, error);
    throw error;
  }
}
