import { KeysealError } from "../errors.js";
import type { Core } from "../loader/init.js";
import type { CompanionIdentity } from "../types.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { Companion } from "./companion.js";

/** Answers that a fresh key set, and with it a corrected clock, may change. */
const STALE: ReadonlySet<string> = new Set([
  "unknown_kid",
  "sealed_key_expired",
  "envelope_expired",
  "envelope_refused",
]);

/** Whether sealing again, after a look at the companion's key set, may help. */
export function isStale(code: string | null): boolean {
  return code !== null && STALE.has(code);
}

/** The companion's identity as this browser has pinned it, and its current key. Checked in the wasm. */
export class Pinned {
  readonly #wasm: Core;
  readonly #core: VaultCore;
  readonly #companion: Companion;
  readonly #trustedIdentity: string | undefined;
  #identity: CompanionIdentity | undefined;
  #refused: KeysealError | undefined;

  constructor(wasm: Core, core: VaultCore, companion: Companion, trustedIdentity?: string) {
    this.#wasm = wasm;
    this.#core = core;
    this.#companion = companion;
    this.#trustedIdentity = trustedIdentity;
  }

  get identity(): CompanionIdentity | undefined {
    return this.#identity;
  }

  /** Why nothing may be sealed to this companion. */
  get refused(): KeysealError | undefined {
    return this.#refused;
  }

  /** Fetches the key set and checks it against the pin. */
  async refresh(): Promise<void> {
    const wellKnown = await this.#companion.wellKnown();
    const trusted = this.#trustedIdentity;
    try {
      const accepted = this.#core.acceptKeyset(
        wellKnown,
        trusted === undefined ? {} : { trustedIdentity: trusted },
      );
      this.#identity = {
        url: this.#companion.url,
        identity: accepted.identity,
        fingerprint: this.#wasm.fingerprint(accepted.identity),
        kid: accepted.kid,
        firstSeen: new Date(accepted.firstSeen * 1000).toISOString(),
      };
      this.#refused = undefined;
    } catch (error) {
      this.#refused = KeysealError.from(error);
      throw this.#refused;
    }
  }

  /** A companion whose key set was refused may list and revoke, but nothing is sealed to it. */
  async ready(): Promise<void> {
    if (this.#refused) throw this.#refused;
    if (!this.#identity) await this.refresh();
  }

  /** Does what seals to the companion; if its key set or our clock had gone stale, once more. */
  async sealing<T>(attempt: () => Promise<T>): Promise<T> {
    await this.ready();
    try {
      return await attempt();
    } catch (error) {
      if (!isStale(KeysealError.from(error).code)) throw error;
      await this.refresh();
      return attempt();
    }
  }
}
