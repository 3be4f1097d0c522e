import { translated } from "./errors.js";
import { coreNow } from "./loader/init.js";
import type { Detection, ProviderInfo, SealedKey } from "./types.js";
import { mergedProviders } from "./vault/providers.js";

/** What a key is sealed to, and bound to. */
export interface SealOptions {
  /** The companion's current public key: the first of its `/.well-known/jwks.json`. */
  jwk: JsonWebKey;
  /** Id of the provider, such as `openai`. */
  provider: string;
  /** The user, as the companion's tokens name them. */
  sub: string;
  /** The entry's id, from `newEntryId()`. */
  rid: string;
  /** A custom endpoint, `host` or `host:port`. */
  host?: string;
  /** Seconds since the epoch, where this clock is not to be trusted. */
  now?: number;
}

/**
 * Seals a pasted key once, for apps with a page of their own. Synchronous: `await init()` comes first.
 * Bytes are wiped when done.
 *
 * @example
 * await init();
 * const rid = newEntryId();
 * const sealedKey = sealKey(pasted, { jwk, provider: "openai", sub, rid });
 */
export function sealKey(pasted: string | Uint8Array, options: SealOptions): SealedKey {
  try {
    return translated(() => coreNow().sealKey(pasted, options));
  } finally {
    if (typeof pasted !== "string") pasted.fill(0);
  }
}

/**
 * Which provider a pasted text belongs to, and its mask. The text is only looked at.
 *
 * @example
 * await init();
 * const { provider, confidence, alternatives } = detect(pasted);
 */
export function detect(pasted: string | Uint8Array): Detection {
  return translated(() => coreNow().detect(pasted));
}

/**
 * The providers of the catalogue, by name.
 *
 * @example
 * await init();
 * const images = providers().filter((provider) => provider.categories.includes("image"));
 */
export function providers(): readonly ProviderInfo[] {
  return translated(() => mergedProviders(coreNow().providers(), []));
}

/**
 * A fresh id for an entry (UUID version 7).
 *
 * @example
 * await init();
 * const rid = newEntryId();
 */
export function newEntryId(): string {
  return translated(() => coreNow().newEntryId());
}

/**
 * A key's thumbprint in groups that two people can read to each other.
 *
 * @example
 * await init();
 * show(`Compare with what your administrator reads: ${fingerprint(thumbprint)}`);
 */
export function fingerprint(thumbprint: string): string {
  return translated(() => coreNow().fingerprint(thumbprint));
}
