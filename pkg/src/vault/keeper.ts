import type { BudgetPeriod, Entry, Storage, TestResult } from "../types.js";

/** A pasted key: text, or bytes that are wiped when they have been stored. */
export type Pasted = string | Uint8Array;

/** What is known of an entry before its key is stored. */
export interface NewEntry {
  rid: string;
  provider: string;
  priority: number;
  host?: string;
  label?: string;
  expiresAt?: string;
  budgetUsd?: number;
  budgetPeriod?: BudgetPeriod;
}

/** What of an entry may change without its key, as it is stored. */
export interface Change {
  label?: string;
  isActive?: boolean;
  priority?: number;
  expiresAt?: string | null;
  budgetUsd?: number | null;
  budgetPeriod?: BudgetPeriod;
}

/** Told as the work goes on. */
export type OnStep = (step: "sealing" | "storing") => void;

/** What a vault does with an entry; one way for each place where it can live. */
export interface Keeper {
  add(pasted: Pasted, entry: NewEntry, onStep: OnStep): Promise<void>;
  replace(entry: Entry, pasted: Pasted): Promise<void>;
  test(entry: Entry): Promise<TestResult>;
  update(id: string, change: Change): Promise<void>;
  revoke(id: string): Promise<void>;
}

export type Keepers = Readonly<Record<Storage, Keeper>>;

/** A test waits for the provider. */
export const TEST_TIMEOUT_MS = 60_000;

/** What a test told, as it is noted at the entry. */
export function noted({ status, statusDetail, testedAt }: TestResult) {
  return { status, statusDetail: statusDetail ?? null, lastTestedAt: testedAt };
}

/** The wasm wipes the bytes it is given; a second attempt still needs them. */
export function copyOf(pasted: Pasted): Pasted {
  return typeof pasted === "string" ? pasted : pasted.slice();
}
