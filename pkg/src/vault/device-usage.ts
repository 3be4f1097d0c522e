import type { Used } from "../relay/messages.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { AppNotes } from "./app-notes.js";
import { Exclusive } from "./exclusive.js";
import type { Notes } from "./notes.js";
import type { RelayUser } from "./relay-door.js";

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
/** What is counted is written together, not at each of many requests. */
const WRITE_AFTER_MS = 500;

type Day = DeviceUsage[];

/** Counts what goes by the relay, of which no companion knows: by day, sealed, beside the vault's other records. */
export class DeviceCounts {
  readonly #core: VaultCore;
  readonly #notes: Notes;
  readonly #sealed: AppNotes;
  readonly #exclusive: Exclusive;
  #waiting: readonly DeviceUsage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: { core: VaultCore; notes: Notes; sealed: AppNotes }) {
    this.#core = parts.core;
    this.#notes = parts.notes;
    this.#sealed = parts.sealed;
    // Of its own: sealing takes the vault's.
    this.#exclusive = new Exclusive(parts.notes, "usage");
  }

  add(user: RelayUser, used: Used): void {
    this.#waiting = [...this.#waiting, rowOf(user, used)];
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#write().catch(() => undefined);
    }, WRITE_AFTER_MS);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** All rows, the newest day first. */
  async rows(): Promise<readonly DeviceUsage[]> {
    await this.#write();
    const days = [...this.#notes.all<string>(NOTE)].sort(([a], [b]) => (a < b ? 1 : -1));
    return (await Promise.all(days.map((day) => this.#opened(...day)))).flat();
  }

  /** Adds what waits to what is stored. While the vault is locked it goes on waiting. */
  async #write(): Promise<void> {
    if (this.#waiting.length === 0 || !this.#core.unlocked) return;
    await this.#exclusive.run(async () => {
      for (const day of new Set(this.#waiting.map((row) => row.day))) {
        const name = NOTE + day;
        const kept = await this.#opened(name, this.#notes.read<string>(name));
        const rows = this.#waiting.filter((row) => row.day === day);
        const sums = JSON.stringify(summed([...kept, ...rows]));
        this.#notes.try(name, await this.#sealed.seal(name, sums));
        this.#waiting = this.#waiting.filter((row) => !rows.includes(row));
      }
      const from = NOTE + dayOf(Date.now() - DAYS * 86_400_000);
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

function rowOf({ entry, provider }: RelayUser, used: Used): DeviceUsage {
  const failed = used.status >= 400;
  const { inputTokens, outputTokens, images, audioMs, characters } = used;
  const units = [inputTokens, outputTokens, images, audioMs, characters];
  return {
    day: dayOf(Date.now()),
    provider,
    model: used.model ?? null,
    entry,
    requests: 1,
    failedRequests: failed ? 1 : 0,
    uncountedRequests: !failed && units.every((unit) => unit === undefined) ? 1 : 0,
    inputTokens: inputTokens ?? 0,
    cachedTokens: used.cachedTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    reasoningTokens: used.reasoningTokens ?? 0,
    totalTokens: (inputTokens ?? 0) + (outputTokens ?? 0),
    images: images ?? 0,
    audioSeconds: (audioMs ?? 0) / 1000,
    characters: characters ?? 0,
    costUsd: used.costMicroUsd === undefined ? null : used.costMicroUsd / 1e6,
  };
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

function plus(a: DeviceUsage, b: DeviceUsage): DeviceUsage {
  return {
    ...a,
    requests: a.requests + b.requests,
    failedRequests: a.failedRequests + b.failedRequests,
    uncountedRequests: a.uncountedRequests + b.uncountedRequests,
    inputTokens: a.inputTokens + b.inputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    images: a.images + b.images,
    audioSeconds: a.audioSeconds + b.audioSeconds,
    characters: a.characters + b.characters,
    costUsd: a.costUsd === null ? b.costUsd : a.costUsd + (b.costUsd ?? 0),
  };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
