/** Where an entry lives: sealed on the companion (and readable by no browser), or in this browser's vault alone. */
export type Storage = "synced" | "browser";

/** What the last test, or the last use, said about a key. */
export type Status = "untested" | "valid" | "limited" | "invalid" | "unknown";

/** Kinds of provider, as the page groups them. */
export type Category = "llm" | "image" | "video" | "audio" | "research";

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
  readonly createdAt: string;
  readonly lastTestedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
  /** Nothing can open what is stored any more: the key must be entered again. */
  readonly needsReentry: boolean;
  /** The one host the key was sealed for, where its owner chose a custom endpoint. */
  readonly host: string | null;
}

/** A provider of the catalogue. */
export interface ProviderInfo {
  readonly id: string;
  readonly name: string;
  readonly categories: readonly Category[];
  /** Where the provider makes and revokes keys. */
  readonly dashboard: string;
  /** What `baseURL` adds below the provider's origin, such as `/v1`. */
  readonly basePath: string;
  /** What a test call costs: `free`, `quota`, `mayCost`, or `none` where there is no cheap test. */
  readonly testCost: string;
  /** Whether the provider may be called from a page directly. */
  readonly cors: string;
  /** Path of OpenAI-compatible chat, where it has one; known from the companion. */
  readonly chatPath: string | null;
  /** The model that a chat starts with; known from the companion. */
  readonly defaultModel: string | null;
  /** Whether its owner may name a host of their own (Azure resources, gateways). */
  readonly customHost: boolean;
}

/** What detection makes of a pasted text. The text itself is not in it. */
export interface Detection {
  readonly provider: string | null;
  readonly confidence: "certain" | "likely" | "none";
  readonly alternatives: readonly string[];
  readonly hint: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

/** A key sealed to the companion: a JWE in general JSON form. */
export interface SealedKey {
  readonly protected: string;
  readonly recipients: readonly {
    readonly header: { readonly kid: string };
    readonly encrypted_key: string;
  }[];
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
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
