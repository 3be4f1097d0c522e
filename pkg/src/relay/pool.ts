import { KeysealError } from "../errors.js";
import { errorOf } from "./failures.js";
import type { Failure } from "./messages.js";
import type { Tunnel, Watch } from "./tunnel.js";

/** How long a connection that nobody uses is kept open. */
const IDLE_MS = 30_000;
/** So long after the companion had no more connections to give, no more are asked for. */
const FEWER_FOR_MS = 30_000;

/** A tunnel, and whether it has served before: its other end may have gone meanwhile. */
export interface Held {
  tunnel: Tunnel;
  reused: boolean;
}

/** Opens a tunnel, or throws. */
export type Opener = (watch: Watch) => Tunnel;

interface Waiting {
  key: string;
  open: Opener;
  fresh: boolean;
  /** Where it was not upgraded: what the companion has against it. */
  why: () => Promise<Failure>;
  signal: AbortSignal;
  resolve: (held: Held) => void;
  reject: (error: KeysealError) => void;
}

/** The open connections: kept for the next request, few enough for the companion, shared by turns. */
export class Pool {
  readonly #most: number;
  readonly #all = new Set<Tunnel>();
  readonly #idle: { key: string; tunnel: Tunnel; since: number }[] = [];
  #waiting: Waiting[] = [];
  #fewer: { most: number; until: number } | undefined;

  constructor(most: number) {
    this.#most = Math.max(1, most);
  }

  /** A connection to the place that `key` names. `fresh`: not one that was used before. */
  acquire(
    key: string,
    ask: { open: Opener; why: () => Promise<Failure>; fresh: boolean; signal: AbortSignal },
  ): Promise<Held> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { key, ...ask, resolve, reject };
      this.#waiting.push(waiting);
      ask.signal.addEventListener("abort", () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
      });
      this.#serve();
    });
  }

  /** Closes all, used or not. */
  clear(): void {
    this.#waiting = [];
    for (const tunnel of [...this.#all]) tunnel.close();
    this.#idle.length = 0;
  }

  /** Closes what lay idle for too long, and what is dead. */
  tick(now: number, slept: boolean): void {
    for (const { tunnel, since } of [...this.#idle]) if (now - since >= IDLE_MS) tunnel.close();
    for (const tunnel of [...this.#all]) tunnel.tick(now, slept);
    this.#serve();
  }

  get isEmpty(): boolean {
    return this.#all.size === 0 && this.#waiting.length === 0;
  }

  #serve(): void {
    // What a callback asks for meanwhile waits for its turn.
    for (const waiting of [...this.#waiting]) {
      const idle = waiting.fresh ? undefined : this.#takeIdle(waiting.key);
      if (idle) {
        this.#remove(waiting);
        waiting.resolve({ tunnel: idle, reused: true });
        continue;
      }
      if (this.#all.size >= this.#limit()) this.#idle[0]?.tunnel.close();
      if (this.#all.size >= this.#limit()) continue;
      this.#remove(waiting);
      this.#open(waiting);
    }
  }

  #open(waiting: Waiting): void {
    let tunnel: Tunnel;
    const watch: Watch = {
      opened: () => {
        // Whoever asked may have gone meanwhile.
        if (waiting.signal.aborted) watch.idle();
        else waiting.resolve({ tunnel, reused: false });
      },
      notOpened: (failure, upgraded) => {
        void this.#notOpened(waiting, failure, upgraded);
      },
      idle: () => {
        this.#idle.push({ key: waiting.key, tunnel, since: Date.now() });
        this.#serve();
      },
      gone: () => {
        this.#all.delete(tunnel);
        const at = this.#idle.findIndex((one) => one.tunnel === tunnel);
        if (at >= 0) this.#idle.splice(at, 1);
        queueMicrotask(() => this.#serve());
      },
    };
    try {
      tunnel = waiting.open(watch);
    } catch (error) {
      waiting.reject(KeysealError.from(error));
      return;
    }
    this.#all.add(tunnel);
  }

  async #notOpened(waiting: Waiting, failure: Failure, upgraded: boolean): Promise<void> {
    const why = upgraded ? failure : await waiting.why();
    const others = this.#all.size;
    if (waiting.signal.aborted) return;
    if (why.code !== "rate_limited" || others === 0) {
      waiting.reject(errorOf(why));
      return;
    }
    // Other tabs have connections too: those that are open here do, by turns.
    this.#fewer = { most: others, until: Date.now() + FEWER_FOR_MS };
    this.#waiting.unshift(waiting);
    this.#serve();
  }

  #limit(): number {
    if (this.#fewer && this.#fewer.until <= Date.now()) this.#fewer = undefined;
    return this.#fewer?.most ?? this.#most;
  }

  #takeIdle(key: string): Tunnel | undefined {
    // The one used last: the others may close.
    for (let at = this.#idle.length - 1; at >= 0; at -= 1) {
      const one = this.#idle[at];
      if (one?.key !== key) continue;
      this.#idle.splice(at, 1);
      if (one.tunnel.isUsable) return one.tunnel;
      one.tunnel.close();
    }
    return undefined;
  }

  #remove(waiting: Waiting): void {
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
  }
}
