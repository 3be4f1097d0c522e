import { codeOf, KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { DeviceUsage } from "./device-usage.js";
import type { Answered } from "./in-turn.js";
import type { Latch } from "./latch.js";
import type { Notes } from "./notes.js";
import type { Parts } from "./parts.js";
import { type ByRelay, byRelay, type Relay, type Relayable } from "./relay-door.js";

/** A compact JWE; what stands around it in an entry's record is display, and changes as it is used. */
const CIPHERTEXT = /[\w-]+\.[\w-]*(?:\.[\w-]+){3}/;

const SETTING = "envelope";
/** This provider is the companion itself: there is nobody in between to be blind. */
export const COMPANIONS_OWN = "demo";
/** There is no relay to be had, and nothing was sent: another way is no second attempt. */
const NO_RELAY: ReadonlySet<string> = new Set([
  "relay_missing",
  "relay_blocked",
  "wasm_blocked",
  "host_refused",
]);

/** Which way a browser-only key goes: by the relay, which the app brings, or in an envelope. */
export class Relayed {
  readonly #core: VaultCore;
  readonly #notes: Notes;
  readonly #latch: Latch;
  readonly #relay: ByRelay | undefined;

  constructor(
    parts: Pick<Parts, "core" | "companion" | "notes" | "pinned" | "latch">,
    relay: Relay | undefined,
    count: (rows: readonly DeviceUsage[]) => Promise<void>,
  ) {
    const { core, companion, pinned, latch } = parts;
    this.#core = core;
    this.#notes = parts.notes;
    this.#latch = latch;
    if (relay === undefined) return;
    this.#relay = byRelay(relay, {
      companion: companion.url,
      token: () => companion.token(),
      limits: () => pinned.limits,
      grant: (entries) => latch.saying(() => core.relayGrant(entries)),
      locked: () => latch.locked(),
      count,
    });
    if (this.#relay) return;
    throw new KeysealError("validation", "This is no relay of this package.", {
      next: 'Pass relay() of "keyseal/relay", from the same copy of the package; "keyseal/inline" has none.',
    });
  }

  /** Chosen for this vault, in all its tabs; where nobody chose, an app that brought a relay means it. */
  get allowsEnvelope(): boolean {
    const chosen = this.#notes.read(SETTING);
    return typeof chosen === "boolean" ? chosen : !this.#relay;
  }

  set allowsEnvelope(allowed: boolean) {
    if (typeof allowed !== "boolean") {
      throw new KeysealError("validation", "Whether envelopes are allowed is true or false.");
    }
    this.#notes.write(SETTING, allowed);
  }

  /** Throws where this entry may not travel in an envelope. */
  checkEnvelope({ provider }: Entry): void {
    if (this.allowsEnvelope || provider === COMPANIONS_OWN) return;
    throw this.#relay
      ? new KeysealError(
          "envelope_not_allowed",
          "This key is only in this browser and goes by the relay, which cannot carry this request.",
          {
            next: "Use vault.fetch and the provider's own address (vault.baseURL), or allow request envelopes (vault.allowsEnvelope).",
          },
        )
      : new KeysealError(
          "relay_not_loaded",
          "This key is only in this browser and goes by the relay alone, which this app did not load.",
          {
            next: 'Open the vault with relay: relay() of "keyseal/relay", or allow request envelopes (vault.allowsEnvelope).',
          },
        );
  }

  /** The provider's answer by the relay; undefined where the request goes in an envelope. */
  async fetch(entry: Entry, asked: Relayable): Promise<Answered | undefined> {
    const [, route, path] = /^\/forward\/([^/]+)(\/.*)$/s.exec(asked.path) ?? [];
    return this.#by(
      entry,
      route && path ? (relay) => relay.fetch(entry, route, path, asked) : undefined,
      asked.replayable,
    );
  }

  /** What the provider says of a key, asked by the relay; undefined where it has to be an envelope. */
  async test(entry: Entry): Promise<TestResult | undefined> {
    return this.#by(entry, (relay) => relay.test(entry), true);
  }

  /** Has the relay store what it counted. */
  async counted(): Promise<void> {
    await this.#relay?.counted();
  }

  /** The vault changed: what was locked, revoked or replaced is used no longer. */
  changed(): void {
    if (!this.#core.unlocked) {
      this.end();
      return;
    }
    const isStored = (record: string) => {
      const ciphertext = CIPHERTEXT.exec(record)?.[0] ?? record;
      return this.#core.rawRecords().some(({ value }) => value.includes(ciphertext));
    };
    // The entries say that storage cannot be read.
    this.#relay?.check(isStored).catch(() => undefined);
  }

  end(): void {
    this.#relay?.wipe(this.#latch.locked());
  }

  /** Goes by the relay where there is one that can carry it, else in an envelope, if that may be. */
  async #by<T>(
    entry: Entry,
    carried: ((relay: ByRelay) => Promise<T>) | undefined,
    again: boolean,
  ): Promise<T | undefined> {
    if (entry.provider === COMPANIONS_OWN) return undefined;
    if (!this.#relay || !carried) {
      this.checkEnvelope(entry);
      return undefined;
    }
    this.#latch.used();
    try {
      return await carried(this.#relay);
    } catch (error) {
      if (!again || !this.allowsEnvelope || !NO_RELAY.has(codeOf(error))) throw error;
      return undefined;
    }
  }
}
