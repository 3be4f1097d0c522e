import type { BudgetPeriod, Storage, UsageBy } from "../types.js";
import type { TokenSource } from "./companion.js";
import type { OnStep } from "./keeper.js";
import type { Relay } from "./relay-door.js";

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
  /**
   * Keeps this vault's records apart from those of others that the same person has at the same companion in this
   * browser. Synced keys are the companion's, and the same in all.
   */
  namespace?: string;
  /** Lock after so many minutes without use, as long as the vault's owner has not chosen otherwise. */
  autoLockMinutes?: number | null;
  /** What `relay()` of `keyseal/relay` gives: browser-only keys then go in TLS that the companion cannot read. */
  relay?: Relay;
}

/** What unlocks a vault besides the device: one of the three. */
export type UnlockWith =
  | { passphrase: string }
  | { recoveryCode: string }
  /** True for the first passkey, or the id of a slot. */
  | { passkey: true | string };

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
  /** What requests under this key may cost, in US dollars; a synced key only. */
  budgetUsd?: number;
  /** `month` by default. */
  budgetPeriod?: BudgetPeriod;
  /** Told as the work goes on, for a progress display. */
  onStep?: OnStep;
}

/** What of an entry may change without pasting the key again. */
export interface EntryPatch {
  label?: string;
  isActive?: boolean;
  priority?: number;
  expiresAt?: string | Date | null;
  /** Null takes the budget away. */
  budgetUsd?: number | null;
  budgetPeriod?: BudgetPeriod;
}

/** Which usage: all of it is optional. */
export interface UsageQuery {
  /** Days (UTC), as `2026-11-30`, at most 400 apart; by default the last 30. */
  from?: string;
  to?: string;
  /** By default `["day"]`. */
  by?: readonly UsageBy[];
}

/** Which acts: all of it is optional. */
export interface ActivityQuery {
  /** As in `key.revoke`. */
  action?: string;
  /** Id of an entry, revoked ones included. */
  entry?: string;
  /** From this moment on. */
  since?: string | Date;
  /** Before this moment. */
  until?: string | Date;
  /** `nextCursor` of the page before. */
  cursor?: string;
  /** How many on a page: 50 by default, at most 200. */
  limit?: number;
}

/** A date as it is stored. */
export function isoDate(date: string | Date): string {
  return typeof date === "string" ? date : date.toISOString();
}
