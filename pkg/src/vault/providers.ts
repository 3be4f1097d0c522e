import type { Core } from "../loader/init.js";
import type { ProviderInfo } from "../types.js";

/** A provider as the companion lists it: the catalogue's facts, and what only the companion knows. */
export type ListedProvider = Pick<ProviderInfo, "id" | "name"> & Partial<ProviderInfo>;

/**
 * The catalogue compiled into the wasm, with what the companion adds: paths of chat, and providers of its own such as
 * `demo`. What the wasm says of a provider stands; the companion cannot change it.
 */
export function mergedProviders(
  compiled: ReturnType<Core["providers"]>,
  listed: readonly ListedProvider[],
): readonly ProviderInfo[] {
  const extra = new Map(listed.map((provider) => [provider.id, provider]));
  const known = compiled.map((provider) => ({
    ...NOTHING_KNOWN,
    ...extra.get(provider.id),
    ...provider,
  }));
  for (const { id } of compiled) extra.delete(id);
  const others = [...extra.values()].map((provider) => ({ ...NOTHING_KNOWN, ...provider }));
  return [...known, ...others];
}

const NOTHING_KNOWN: Omit<ProviderInfo, "id" | "name"> = {
  categories: [],
  dashboard: "",
  basePath: "",
  testCost: "none",
  cors: "unknown",
  chatPath: null,
  defaultModel: null,
  customHost: false,
  platformAvailable: false,
};
