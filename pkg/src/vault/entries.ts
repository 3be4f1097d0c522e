import type { Entry, Status } from "../types.js";
import type { LocalEntry } from "../wasm/keyseal.js";
import type { Order } from "./order.js";
import { overlaid, type Waiting } from "./queue.js";
import type { Rests } from "./rests.js";

/** An entry as the companion lists it. The ciphertext goes to the local copy and is not shown. */
export interface ListedEntry extends Omit<Entry, "host" | "label" | "pending" | "restingUntil"> {
  label: string | null;
  restingUntil?: string | null;
  host?: string | null;
  pending?: Entry["pending"];
  sealedKey?: unknown;
  category?: string;
}

/** Entries of both storages as one list: by provider, within it in order of use. */
export function merged(
  listed: readonly ListedEntry[] | undefined,
  local: readonly LocalEntry[],
  order: Order,
  waiting: Iterable<Waiting>,
  rests: Rests,
): readonly Entry[] {
  // Without a list from the companion (offline), the local copies stand in for it.
  const fromCompanion =
    listed?.map(shown) ??
    overlaid(local.filter(({ storage }) => storage === "synced").map(shownLocal), waiting);
  const fromBrowser = local
    .filter((entry) => entry.storage === "browser")
    .map((entry) => ({ ...shownLocal(entry), restingUntil: rests.until(entry.id) }));
  const byProvider = new Map<string, Entry[]>();
  for (const entry of [...fromCompanion, ...fromBrowser].sort(inOrder)) {
    const others = byProvider.get(entry.provider);
    if (others) others.push(Object.freeze(entry));
    else byProvider.set(entry.provider, [Object.freeze(entry)]);
  }
  return Object.freeze(
    [...byProvider].flatMap(([provider, entries]) => order.arranged(provider, entries)),
  );
}

/**
 * The entries a request for this provider may use, in the order of use. Those known to be refused are left out unless
 * there are no others; those that rest come last, and of several only the one that rests no longer soonest.
 */
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
  const good = fit.filter(({ status }) => status !== "invalid");
  const until = ({ restingUntil }: Entry) => (restingUntil ? Date.parse(restingUntil) : 0);
  const some = good.length > 0 ? good : fit;
  const resting = some.filter((entry) => until(entry) > now).sort((a, b) => until(a) - until(b));
  return [...some.filter((entry) => !(until(entry) > now)), ...resting.slice(0, 1)];
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

function shown({ sealedKey: _ciphertext, category: _ofProvider, ...entry }: ListedEntry): Entry {
  const { label, host, pending, restingUntil } = entry;
  return {
    ...entry,
    label: label ?? "",
    host: host ?? null,
    pending: pending ?? null,
    restingUntil: restingUntil ?? null,
  };
}

function shownLocal(entry: LocalEntry & Partial<Pick<Entry, "needsReentry">>): Entry {
  const status = entry.status as Status;
  return {
    id: entry.id,
    provider: entry.provider ?? "",
    label: entry.label ?? "",
    keyHint: entry.keyHint ?? "…",
    storage: entry.storage,
    status: status ?? "unknown",
    statusDetail: entry.damaged ? damage(entry.damaged) : (entry.statusDetail ?? null),
    isValid: validity(status),
    isActive: entry.isActive ?? true,
    priority: entry.priority ?? 0,
    totalRequests: null,
    totalTokens: null,
    estimatedCostUsd: null,
    unknownRequests: null,
    budgetUsd: null,
    budgetPeriod: null,
    budgetSpentUsd: null,
    budgetLeftUsd: null,
    createdAt: entry.createdAt ?? "",
    lastTestedAt: entry.lastTestedAt ?? null,
    lastUsedAt: entry.lastUsedAt ?? null,
    restingUntil: null,
    expiresAt: entry.expiresAt ?? null,
    needsReentry: entry.damaged !== null || entry.needsReentry === true,
    host: entry.host ?? null,
    pending: null,
  };
}

/** Whether a status says that the provider takes the key: null where nothing is known. */
export function validity(status: Status): boolean | null {
  return status === "valid" || status === "limited" ? true : status === "invalid" ? false : null;
}

function damage(code: string): string {
  return code === "vault_key_lost"
    ? "What opens it is not in this browser any more."
    : "What this browser stored for it is damaged.";
}
