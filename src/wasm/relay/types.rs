//! TypeScript types of what the relay's exports take and give.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A part of an answer. */
export type RelayPart =
  | { kind: "head"; status: number; headers: [string, string][] }
  | { kind: "chunk"; bytes: Uint8Array }
  | { kind: "end"; reusable: boolean };

/** What an answer said it used; what it did not say is not there. */
export interface AnswerUsage {
  model?: string;
  /** The tier that the provider says it served. */
  tier?: string;
  inputTokens?: number;
  outputTokens?: number;
  totalTokens?: number;
  cachedTokens?: number;
  cacheWriteTokens?: number;
  reasoningTokens?: number;
  images?: number;
  audioMs?: number;
  characters?: number;
  webSearches?: number;
  rerankSearches?: number;
  /** What the provider says it charged, in millionths of a dollar. */
  costMicroUsd?: number;
}

/** The catalogue's cheapest call of a provider. */
export interface RelayTestCall {
  method: string;
  path: string;
  headers: [string, string][];
  body?: string;
}
"#;

/// The core's build has this type too; of both builds together there is one.
#[cfg(not(feature = "core"))]
#[wasm_bindgen(typescript_custom_section)]
const GRANT: &str = r#"
/** What `VaultCore.relayGrant` gives. */
export interface RelayGrant {
  key: CryptoKey;
  wrapped: Uint8Array;
  vault: string;
  sub: string;
  records: { id: string; record: string }[];
}
"#;
