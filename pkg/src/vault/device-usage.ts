import type { VaultCore } from "../wasm/keyseal.js";
import type { AppNotes } from "./app-notes.js";
import { Exclusive } from "./exclusive.js";
import type { Latch } from "./latch.js";
import type { Notes } from "./notes.js";
import type { Parts } from "./parts.js";

/** Sums over requests that this browser sent by the relay. What an answer did not say is in none of them. */
export interface DeviceUsage {
  /** UTC, as `2026-11-30`. */
  readonly day: string;
  readonly provider: string;
  /** Null where no answer named one. */
  readonly model: string | null;
  /** Id of the entry. */
  readonly entry: string;
  readonly requests: number;
  /** Of those, answered with an error. */
  readonly failedRequests: number;
  /** Of the others, with tokens and other units that nobody knows. */
  readonly uncountedRequests: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly totalTokens: number;
  readonly images: number;
  readonly audioSeconds: number;
  readonly characters: number;
  /** What providers said that they charged; null where none did. */
  readonly costUsd: number | null;
}

const NOTE = "usage.";
/** Days that are kept. */
const DAYS = 90;

type Day = DeviceUsage[];

/** What went by the relay, of which no companion knows: by day, sealed, beside the vault's other records. */
export class DeviceCounts {
  readonly #core: VaultCore;
  readonly #notes: Notes;
  readonly #latch: Latch;
  readonly #sealed: AppNotes;
  readonly #exclusive: Exclusive;

  constructor(parts: Pick<Parts, "core" | "notes" | "latch" | "appNotes">) {
    this.#core = parts.core;
    this.#notes = parts.notes;
    this.#latch = parts.latch;
    this.#sealed = parts.appNotes;
    // Of its own: sealing takes the vault's.
    this.#exclusive = new Exclusive(parts.notes, "usage");
  }

  /** All rows, the newest day first. */
  async rows(): Promise<readonly DeviceUsage[]> {
    const days = [...this.#notes.all<string>(NOTE)].sort(([a], [b]) => (a < b ? 1 : -1));
    return (await Promise.all(days.map((day) => this.#opened(...day)))).flat();
  }

  /** Adds rows of one day to what is kept of it. */
  async add(rows: readonly DeviceUsage[]): Promise<void> {
    // No vault is made for this.
    if (!this.#core.unlocked) throw this.#latch.locked();
    await this.#exclusive.run(async () => {
      const name = NOTE + rows[0]?.day;
      const kept = await this.#opened(name, this.#notes.read<string>(name));
      const sums = JSON.stringify(summed([...kept, ...rows]));
      this.#notes.try(name, await this.#sealed.seal(name, sums));
      const from = NOTE + new Date(Date.now() - DAYS * 86_400_000).toISOString().slice(0, 10);
      for (const name of this.#notes.all(NOTE).keys()) if (name < from) this.#notes.remove(name);
    });
  }

  /** A day as it was sealed; one that cannot be opened (another vault key, not ours) counts as empty. */
  async #opened(name: string, sealed: string | undefined): Promise<Day> {
    if (sealed === undefined) return [];
    try {
      return JSON.parse(await this.#sealed.open(name, sealed)) as Day;
    } catch {
      return [];
    }
  }
}

/** One row for each provider, model and entry of a day. */
function summed(rows: readonly DeviceUsage[]): Day {
  const sums = new Map<string, DeviceUsage>();
  for (const row of rows) {
    const key = JSON.stringify([row.provider, row.model, row.entry]);
    const sum = sums.get(key);
    sums.set(key, sum ? plus(sum, row) : row);
  }
  return [...sums.values()];
}

/** What is a number is added; a cost that nobody told adds nothing. */
function plus(a: DeviceUsage, b: DeviceUsage): DeviceUsage {
  const sum: Record<string, unknown> = { ...a };
  for (const [name, value] of Object.entries(b)) {
    if (typeof value === "number") sum[name] = Number(sum[name]) + value;
  }
  return sum as unknown as DeviceUsage;
}
