import type { ProviderInfo as Compiled } from "./wasm/keyseal.js";

export type { Detection, SealedKey } from "./wasm/keyseal.js";

/** Where an entry lives: sealed on the companion (and readable by no browser), or in this browser's vault alone. */
export type Storage = "synced" | "browser";

/** What the last test, or the last use, said about a key. */
export type Status = "untested" | "valid" | "limited" | "invalid" | "unknown";

/** What a budget is for: a month (UTC), or all the time that the entry lives. */
export type BudgetPeriod = "month" | "total";

/** Kinds of provider, as the page groups them. */
export type Category = ProviderInfo["categories"][number];

/** One stored key, masked. Nothing in here opens it. */
export interface Entry {
  readonly id: string;
  readonly provider: string;
  readonly label: string;
  /** The mask, such as `sk-proj-…f3Qa`: all that is ever shown of a key. */
  readonly keyHint: string;
  readonly storage: Storage;
  readonly status: Status;
  readonly statusDetail: string | null;
  /** True for valid and limited, false for invalid, null where nothing is known. */
  readonly isValid: boolean | null;
  /** Turned off by its owner: kept, never used. */
  readonly isActive: boolean;
  /** Order of use within the provider; 0 is tried first. */
  readonly priority: number;
  readonly totalRequests: number | null;
  readonly totalTokens: number | null;
  /** Null: unknown, which is not 0. */
  readonly estimatedCostUsd: number | null;
  /** Requests whose cost is not known: no budget holds for them. */
  readonly unknownRequests: number | null;
  /** What requests under this key may cost in a period; null: no budget. Only synced keys have one. */
  readonly budgetUsd: number | null;
  readonly budgetPeriod: BudgetPeriod | null;
  readonly budgetSpentUsd: number | null;
  readonly budgetLeftUsd: number | null;
  readonly createdAt: string;
  readonly lastTestedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
  /** Nothing can open what is stored any more: the key must be entered again. */
  readonly needsReentry: boolean;
  /** The one host the key was sealed for, where its owner chose a custom endpoint. */
  readonly host: string | null;
  /**
   * Changed, or revoked, while the companion was away: it has not heard of that yet, and is told when it is back.
   * Until then a key whose revoke waits goes on existing there.
   */
  readonly pending: "update" | "revoke" | null;
}

/** A way to unlock a vault; nothing in here opens it. */
export interface Slot {
  readonly id: string;
  readonly kind: "device" | "passphrase" | "passkey" | "recovery";
  /** When it was added; null where that was not noted. */
  readonly added: string | null;
}

/** A provider: the catalogue's facts, and what only the companion tells. */
export interface ProviderInfo extends Readonly<Compiled> {
  /** Path of OpenAI-compatible chat, where it has one. */
  readonly chatPath: string | null;
  /** The model that a chat starts with. */
  readonly defaultModel: string | null;
}

/** What a test of a key said. */
export interface TestResult {
  readonly status: Status;
  readonly statusDetail: string | null;
  readonly testedAt: string;
  readonly latencyMs: number | null;
}

/** The companion as this browser knows it. */
export interface CompanionIdentity {
  readonly url: string;
  /** RFC 7638 thumbprint of its identity key. */
  readonly identity: string;
  /** The thumbprint in groups, for a person to compare. */
  readonly fingerprint: string;
  /** `kid` of the key that is sealed to now. */
  readonly kid: string;
  /** When this browser first saw this identity. */
  readonly firstSeen: string;
}
