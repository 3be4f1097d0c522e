import { codeOf, KeysealError } from "../errors.js";
import type { CompanionIdentity } from "../types.js";
import type { Parts } from "./parts.js";

type Needed = Pick<Parts, "wasm" | "core" | "companion" | "exclusive">;

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
  readonly #parts: Needed;
  readonly #trustedIdentity: string | undefined;
  #refreshing: Promise<void> | undefined;
  #identity: CompanionIdentity | undefined;
  #limits: Readonly<Record<string, unknown>> | undefined;
  #refused: KeysealError | undefined;

  constructor(parts: Needed, trustedIdentity?: string) {
    this.#parts = parts;
    this.#trustedIdentity = trustedIdentity;
  }

  get identity(): CompanionIdentity | undefined {
    return this.#identity;
  }

  /** What the companion says that it allows, by name; nothing depends on its truth. */
  get limits(): Readonly<Record<string, unknown>> | undefined {
    return this.#limits;
  }

  /** Why nothing may be sealed to this companion. */
  get refused(): KeysealError | undefined {
    return this.#refused;
  }

  /**
   * Whether whoever answers may be another than the pinned companion. What such a one lists counts for nothing, and
   * no change is told to it. A key set that has only run out says nothing of that kind.
   */
  get foreign(): boolean {
    return this.#refused !== undefined && this.#refused.code !== "keyset_expired";
  }

  /** Throws unless the companion is known to be the pinned one. */
  async vouched(): Promise<void> {
    if (!this.#identity && !this.#refused) await this.refresh().catch(this.#unlessRefused);
    if (this.foreign) throw this.#refused;
  }

  readonly #unlessRefused = (error: unknown): void => {
    if (error !== this.#refused) throw error;
  };

  /** Fetches the key set and checks it against the pin; whoever asks while that goes on shares it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const wellKnown = await this.#parts.companion.wellKnown();
    try {
      await this.#accept(wellKnown, this.#trustedIdentity);
    } catch (error) {
      this.#refused = KeysealError.from(error);
      throw this.#refused;
    }
  }

  /**
   * Takes another identity for the pinned one, for a person who has its fingerprint from the operator: only that one.
   * Where the app names the identity, the app decides.
   */
  async trust(fingerprint: string): Promise<void> {
    if (this.#trustedIdentity !== undefined) {
      throw new KeysealError("validation", "The app itself says which companion to trust.", {
        next: "It has to name the new identity.",
      });
    }
    const wellKnown = await this.#parts.companion.wellKnown();
    // Where it is refused, what was refused before goes on being so for the same reason.
    await this.#accept(wellKnown, thumbprintOf(fingerprint));
  }

  async #accept(wellKnown: object, trusted: string | undefined): Promise<void> {
    this.#limits = (wellKnown as { limits?: Record<string, unknown> }).limits;
    const accepted = await this.#parts.exclusive.run(() =>
      this.#parts.core.acceptKeyset(
        wellKnown,
        trusted === undefined ? {} : { trustedIdentity: trusted },
      ),
    );
    this.#identity = {
      url: this.#parts.companion.url,
      identity: accepted.identity,
      fingerprint: this.#parts.wasm.fingerprint(accepted.identity),
      kid: accepted.kid,
      firstSeen: new Date(accepted.firstSeen * 1000).toISOString(),
    };
    this.#refused = undefined;
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
      if (!isStale(codeOf(error))) throw error;
      await this.refresh();
      return attempt();
    }
  }
}

/** A fingerprint as it is shown, in groups of hex, as the thumbprint that it stands for. */
function thumbprintOf(fingerprint: string): string {
  const hex = String(fingerprint).replaceAll(/[\s:-]/g, "");
  if (!/^[0-9a-f]{64}$/i.test(hex)) {
    throw new KeysealError("validation", "This is no fingerprint of a companion.", {
      next: "It has sixteen groups of four: digits, and letters from a to f.",
    });
  }
  const bytes = hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
