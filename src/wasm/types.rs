//! TypeScript types of what the exports take and give.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A provider of the catalogue. */
export interface ProviderInfo {
  id: string;
  name: string;
  categories: ("llm" | "image" | "video" | "audio" | "research")[];
  /** Where the provider makes keys. */
  dashboard: string;
  /** What its SDKs add below the origin, such as `/v1`. */
  basePath: string;
  /** Whether each user has an endpoint of their own. */
  customHost: boolean;
  /** What testing a key costs. */
  testCost: string;
  /** Whether the provider lets browsers call it. */
  cors: string;
}

/** Whose key it seems to be. It never decides, it only pre-selects. */
export interface Detection {
  provider: string | null;
  confidence: "certain" | "likely" | "none";
  alternatives: string[];
  /** The mask that is shown of it. */
  hint: string;
  warnings: { code: string; message: string }[];
}

/** RFC 7516 JWE, General JSON serialisation, of a key sealed to the companion. */
export interface SealedKey {
  protected: string;
  recipients: [{ header: { kid: string }; encrypted_key: string }];
  iv: string;
  ciphertext: string;
  tag: string;
}

export interface SealKeyOptions {
  jwk: JsonWebKey;
  provider: string;
  sub: string;
  rid: string;
  host?: string;
  /** Seconds since the epoch; this device's clock if absent. */
  now?: number;
}

/** `held`: the device does not unlock it by itself, until `unlock` is called. */
export interface OpenOptions {
  issuer: string;
  sub: string;
  /** Keeps this vault apart from others of the same user here. */
  namespace?: string;
  memory?: boolean;
  held?: boolean;
}
export interface AcceptOptions { trustedIdentity?: string }
export interface SealOptions { provider: string; rid: string; host?: string }
export interface AddOptions extends SealOptions { label?: string; priority?: number; expiresAt?: string }
export interface RequestOptions { method: string; path: string; token: string }
export interface RequestHeaders { "Keyseal-Session": string; "Keyseal-Key": string }
export interface RawRecord { where: string; name: string; value: string }

/** The companion's key set, checked. */
export interface AcceptedKeyset {
  /** The identity's RFC 7638 thumbprint. */
  identity: string;
  /** The same, for a person to compare. */
  fingerprint: string;
  /** The key that is sealed to. */
  kid: string;
  /** The identity was not known in this browser before. */
  firstUse: boolean;
  /** Seconds since the epoch. */
  firstSeen: number;
  seq: number;
}

/** An entry as this browser knows it; masked. */
export interface LocalEntry {
  id: string;
  storage: "browser" | "synced";
  provider: string;
  keyHint: string;
  label: string | null;
  isActive: boolean;
  priority: number;
  status: string;
  statusDetail: string | null;
  createdAt: string;
  lastTestedAt: string | null;
  lastUsedAt: string | null;
  expiresAt: string | null;
  host?: string | null;
  /** The code of what is wrong with its record, or null. */
  damaged: string | null;
}

/** One of the three. */
export interface UnlockSecret { passphrase?: string; recoveryCode?: string; /** A slot's id. */ passkey?: string }
export interface SlotInfo { id: string; kind: "device" | "passphrase" | "passkey" | "recovery" }
/** A slot that stays when another goes; the device's own needs no secret. */
export interface KeptSlot extends UnlockSecret { slot: string; newPassphrase?: string }
/** Ids of the entries of an import, by what became of them. */
export interface ExportResult { file: string; leftOut: string[] }

export interface ImportResult { taken: string[]; known: string[]; refused: string[] }

export interface LocalEntryPatch {
  label?: string | null;
  isActive?: boolean;
  priority?: number;
  status?: string;
  statusDetail?: string | null;
  lastTestedAt?: string | null;
  lastUsedAt?: string | null;
  expiresAt?: string | null;
}

/** What the relay's wasm needs to use some entries. It can be cloned to a worker, and is for one use. */
export interface RelayGrant {
  /** Made for this grant alone; not extractable. */
  key: CryptoKey;
  /** The vault key under it. */
  wrapped: Uint8Array;
  /** Names the vault key: it changes when a way to unlock is removed. */
  vault: string;
  sub: string;
  /** Ciphertext as it stands in storage. */
  records: { id: string; record: string }[];
}
"#;
