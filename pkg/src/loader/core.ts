import type { Detection, ProviderInfo, SealedKey, Status, Storage } from "../types.js";

/** An entry as the wasm core lists it: display data beside ciphertext that is not shown. */
export interface LocalEntry {
  id: string;
  provider: string;
  storage: Storage;
  label: string | null;
  keyHint: string;
  isActive: boolean;
  priority: number;
  status: Status;
  statusDetail: string | null;
  createdAt: string;
  lastTestedAt: string | null;
  lastUsedAt: string | null;
  expiresAt: string | null;
  host?: string | null;
  needsReentry?: boolean;
  /** The record did not verify or could not be read; the others are untouched. */
  damaged?: boolean;
  code?: string;
}

/** Display data of a browser-only entry that may change without touching its ciphertext. */
export interface LocalPatch {
  label?: string | null;
  isActive?: boolean;
  priority?: number;
  expiresAt?: string | null;
  status?: Status;
  statusDetail?: string | null;
  lastTestedAt?: string;
  lastUsedAt?: string;
}

/** The vault inside the wasm. It holds everything secret; this file only knows its shape. */
export interface VaultCore {
  readonly persistent: boolean;
  acceptKeyset(
    wellKnown: object,
    o: { trustedIdentity?: string; now: number },
  ): { identity: string; kid: string; firstUse: boolean; firstSeen: string };
  seal(
    pasted: string | Uint8Array,
    o: { provider: string; rid: string; host?: string; now: number },
  ): SealedKey;
  putSynced(keys: object[]): void;
  entries(): LocalEntry[];
  addBrowser(
    pasted: string | Uint8Array,
    o: {
      rid: string;
      provider: string;
      host?: string;
      label?: string;
      priority?: number;
      expiresAt?: string;
      now: number;
    },
  ): Promise<LocalEntry>;
  replaceBrowser(rid: string, pasted: string | Uint8Array, o: { now: number }): Promise<LocalEntry>;
  update(rid: string, patch: LocalPatch): LocalEntry;
  remove(rid: string): void;
  requestHeaders(
    rid: string,
    o: { method: string; path: string; token: string; now: number },
  ): { "Keyseal-Session": string; "Keyseal-Key": string };
  rawRecords(): { where: string; name: string; value: string }[];
  lock(): void;
  destroy(): Promise<void>;
  free(): void;
}

/** What the wasm module exports. */
export interface Core {
  providers(): Omit<ProviderInfo, "chatPath" | "defaultModel" | "customHost">[];
  detect(pasted: string | Uint8Array): Detection;
  sealKey(
    pasted: string | Uint8Array,
    o: { jwk: JsonWebKey; provider: string; sub: string; rid: string; host?: string; now?: number },
  ): SealedKey;
  newEntryId(): string;
  fingerprint(thumbprint: string): string;
  VaultCore: { open(o: { issuer: string; sub: string; memory?: boolean }): Promise<VaultCore> };
}
