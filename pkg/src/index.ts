export { KeysealError } from "./errors.js";
export type { WasmSource } from "./loader/init.js";
export { init } from "./loader/init.js";
export type { SealOptions } from "./seal.js";
export { detect, fingerprint, newEntryId, providers, sealKey } from "./seal.js";
export type {
  Activity,
  ActivityEvent,
  BudgetPeriod,
  Category,
  CompanionIdentity,
  Detection,
  Entry,
  ProviderInfo,
  SealedKey,
  Slot,
  Status,
  Storage,
  TestResult,
  Usage,
  UsageBy,
  UsageRow,
  UsageSums,
} from "./types.js";
export type {
  ActivityQuery,
  AddOptions,
  EntryPatch,
  UnlockWith,
  UsageQuery,
  VaultOptions,
} from "./vault/arguments.js";
export type { TokenSource } from "./vault/companion.js";
export type { DeviceUsage } from "./vault/device-usage.js";
export type { OnStep, Pasted } from "./vault/keeper.js";
export type { Flavour, SdkOptions } from "./vault/options.js";
export type { Relay } from "./vault/relay-door.js";
export { Vault } from "./vault/vault.js";
