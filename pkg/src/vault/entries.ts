import type { LocalEntry } from "../loader/core.js";
import type { Entry } from "../types.js";

/** An entry as the companion lists it. The ciphertext goes to the local copy and is not shown. */
export interface ListedEntry extends Omit<Entry, "host" | "label"> {
  label: string | null;
  host?: string | null;
  sealedKey?: unknown;
}

/** Entries of both storages as one list: by provider, within it in order of use. */
export function merged(
  listed: readonly ListedEntry[] | undefined,
  local: readonly LocalEntry[],
): readonly Entry[] {
  // Without a list from the companion (offline), the local copies stand in for it.
  const fromCompanion =
    listed?.map(shown) ?? local.filter((entry) => entry.storage === "synced").map(shownLocal);
  const fromBrowser = local.filter((entry) => entry.storage === "browser").map(shownLocal);
  return Object.freeze([...fromCompanion, ...fromBrowser].sort(inOrder));
}

/** The entries a request for this provider may use, in the order of use; those known to be refused come last. */
export function usable(
  entries: readonly Entry[],
  provider: string,
  now = Date.now(),
): readonly Entry[] {
  const fit = entries.filter(
    (entry) =>
      entry.provider === provider &&
      entry.isActive &&
      !entry.needsReentry &&
      !(entry.expiresAt && Date.parse(entry.expiresAt) <= now),
  );
  return [
    ...fit.filter((entry) => entry.status !== "invalid"),
    ...fit.filter((entry) => entry.status === "invalid"),
  ];
}

/** The priority that puts a new entry last. */
export function lastPriority(entries: readonly Entry[], provider: string): number {
  return entries.reduce(
    (last, entry) => (entry.provider === provider ? Math.max(last, entry.priority + 1) : last),
    0,
  );
}

function inOrder(a: Entry, b: Entry): number {
  return (
    compare(a.provider, b.provider) ||
    a.priority - b.priority ||
    compare(a.createdAt, b.createdAt) ||
    compare(a.id, b.id)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function shown({ sealedKey: _ciphertext, ...entry }: ListedEntry): Entry {
  return Object.freeze({ ...entry, label: entry.label ?? "", host: entry.host ?? null });
}

function shownLocal(entry: LocalEntry): Entry {
  const damaged = entry.damaged === true;
  return Object.freeze({
    id: entry.id,
    provider: entry.provider,
    label: entry.label ?? "",
    keyHint: entry.keyHint,
    storage: entry.storage,
    status: entry.status,
    statusDetail: damaged
      ? "What this browser stored for it is damaged."
      : (entry.statusDetail ?? null),
    isValid:
      entry.status === "valid" || entry.status === "limited"
        ? true
        : entry.status === "invalid"
          ? false
          : null,
    isActive: entry.isActive,
    priority: entry.priority,
    totalRequests: null,
    totalTokens: null,
    estimatedCostUsd: null,
    createdAt: entry.createdAt,
    lastTestedAt: entry.lastTestedAt ?? null,
    lastUsedAt: entry.lastUsedAt ?? null,
    expiresAt: entry.expiresAt ?? null,
    needsReentry: damaged || entry.needsReentry === true,
    host: entry.host ?? null,
  });
}
