import type { KeysealError } from "../errors.js";
import type { FramedVault } from "../frame/index.js";
import type { Entry, TestResult } from "../types.js";
import type { Vault } from "../vault/vault.js";

/** What changed at an entry. */
export type Changed = "label" | "active" | "expiry" | "budget" | "order" | "platform";

/** What the elements tell, by the name of the event. Entries are masked, as everywhere; no event holds a key. */
export interface KeysealEventDetails {
  /** A store that was given `companion` and `token` has opened its vault. */
  "keyseal-opened": { vault: Vault };
  /** Something changed in the vault of a store with `src`. */
  "keyseal-framed": { framed: FramedVault };
  /** A key was sealed and stored; `test` follows by itself where the provider has one that costs nothing. */
  "keyseal-added": { entry: Entry };
  /** A new key stands in the place of an old one. */
  "keyseal-replaced": { entry: Entry };
  /** A provider has said what it thinks of a key. */
  "keyseal-tested": { entry: Entry; result: TestResult };
  /** An entry is gone, for good. */
  "keyseal-revoked": { id: string; provider: string; keyHint: string };
  /** Something else about an entry, or about a provider's order and permission. */
  "keyseal-changed": { what: Changed; provider: string; entry?: Entry };
  /** Something did not work; the element says so itself, too. */
  "keyseal-failed": { error: KeysealError };
  /** The companion does not know the caller any more: sign in again. */
  "keyseal-signed-out": null;
}

/** One of the events of the elements. */
export type KeysealEvent<Name extends keyof KeysealEventDetails = keyof KeysealEventDetails> =
  CustomEvent<KeysealEventDetails[Name]>;

/** The events by name, as `addEventListener` wants them. */
export type KeysealEventMap = {
  [Name in keyof KeysealEventDetails]: KeysealEvent<Name>;
};

/** Tells it to the element, and to everything around it, out of shadow roots too. */
export function emit<Name extends keyof KeysealEventDetails>(
  from: EventTarget,
  name: Name,
  detail: KeysealEventDetails[Name],
): void {
  from.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
