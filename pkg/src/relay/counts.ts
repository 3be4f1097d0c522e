import type { DeviceUsage } from "../vault/device-usage.js";
import type { Used } from "./messages.js";
import type { RelayUser } from "./session.js";

/** What is counted is written together, not at each of many requests. */
const WRITE_AFTER_MS = 500;

/** Counts what goes by the relay, of which no companion knows, until the vault has stored it. */
export class Counts {
  /** Adds rows of one day to what is kept. */
  readonly #store: (rows: readonly DeviceUsage[]) => Promise<void>;
  #waiting: readonly DeviceUsage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #storing: Promise<void> = Promise.resolve();

  constructor(store: (rows: readonly DeviceUsage[]) => Promise<void>) {
    this.#store = store;
  }

  add(user: RelayUser, used: Used): void {
    this.#waiting = [...this.#waiting, rowOf(user, used)];
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.stored().catch(() => undefined);
    }, WRITE_AFTER_MS);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Stores what waits, one call after another. What cannot be stored now (a locked vault) goes on waiting. */
  stored(): Promise<void> {
    const before = this.#storing.catch(() => undefined);
    this.#storing = before.then(async () => {
      for (const { day } of [...this.#waiting]) {
        const rows = this.#waiting.filter((row) => row.day === day);
        if (rows.length > 0) await this.#store(rows);
        this.#waiting = this.#waiting.filter((row) => !rows.includes(row));
      }
    });
    return this.#storing;
  }
}

function rowOf({ entry, provider }: RelayUser, used: Used): DeviceUsage {
  const failed = used.status >= 400;
  const { inputTokens, outputTokens, images, audioMs, characters } = used;
  const units = [inputTokens, outputTokens, images, audioMs, characters];
  return {
    day: new Date().toISOString().slice(0, 10),
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
