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
  /** Until then other keys are tried before it: the provider asked for a pause (429). */
  readonly restingUntil: string | null;
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
  /** Whether the operator has a key of its own that could serve this caller, by the caller's permission. */
  readonly platformAvailable: boolean;
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

/** What sums of usage are taken by. Days and weeks are UTC; a week is called by its Monday. */
export type UsageBy = "day" | "week" | "provider" | "model" | "entry";

/** Sums of requests through the companion. They are of what is known. */
export interface UsageSums {
  readonly requests: number;
  /** Answered with an error. */
  readonly failedRequests: number;
  /** Of unknown cost: not in `estimatedCostUsd`. */
  readonly unknownRequests: number;
  /** Of unknown tokens: not in the counts. */
  readonly uncountedRequests: number;
  /** Cached ones included. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  /** Reasoning included. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly totalTokens: number;
  readonly images: number;
  readonly audioSeconds: number;
  readonly characters: number;
  /** Null: nothing of it is known, which is not 0. */
  readonly estimatedCostUsd: number | null;
  /** What the operator counts for it. */
  readonly feeUsd: number | null;
}

/** Sums, and what they are by: the members that were asked for. */
export interface UsageRow extends UsageSums {
  readonly day?: string;
  readonly week?: string;
  readonly provider?: string;
  /** Null where it is unknown. */
  readonly model?: string | null;
  /** Null for what is no stored entry: see `credential`. */
  readonly entry?: string | null;
  /** By `entry`: a stored one, a key that came with its request (a browser-only one), or the operator's own. */
  readonly credential?: "entry" | "envelope" | "platform";
}

/** An answer about usage: all rows of it. */
export interface Usage {
  /** First and last day (UTC), as `2026-11-30`. */
  readonly from: string;
  readonly to: string;
  readonly by: readonly UsageBy[];
  readonly rows: readonly UsageRow[];
  readonly totals: UsageSums;
  /** Where list prices come from, with their version. */
  readonly prices: string;
}

/** Something that was done with a person's entries, as the companion has written it down. */
export interface ActivityEvent {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  /** `key.add`, `key.revoke`, … */
  readonly action: string;
  readonly entryId: string | null;
  /** As the entry shows it now; null where there is none. */
  readonly keyHint: string | null;
  readonly provider: string | null;
  /** Names of what changed, or the code of an error. */
  readonly detail: string | null;
}

/** A page of what was done, the newest first. */
export interface Activity {
  readonly events: readonly ActivityEvent[];
  /** What the next page is asked for with; null on the last. */
  readonly nextCursor: string | null;
}
