import { KeysealError } from "../errors.js";
import { failureOf } from "./failures.js";
import type { Asked, Failure, ToPage, Used } from "./messages.js";
import type { Held } from "./pool.js";
import type { Exchange, Seen, Tunnel } from "./tunnel.js";
import type { Counter } from "./wasm.js";

/** Requests that may be made twice and mean the same (RFC 9110, 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);

/** What a run needs of the engine. */
export interface RunParts {
  tell(message: ToPage, transfer?: Transferable[]): void;
  acquire(asked: Asked, fresh: boolean, signal: AbortSignal): Promise<Held>;
  counter(asked: Asked): Counter;
  over(id: number): void;
}

/** One request, from the message that asks for it to the last of its answer. */
export class Run implements Exchange {
  readonly asked: Asked;
  readonly #id: number;
  readonly #parts: RunParts;
  readonly #gone = new AbortController();
  #tunnel: Tunnel | undefined;
  #room = 0;
  #reused = false;
  /** The body as far as it came before there was a connection. */
  #early: Uint8Array[] = [];
  #isWhole = false;
  #bodyGone = false;
  #counter: Counter | undefined;
  #status: number | undefined;

  constructor(id: number, asked: Asked, parts: RunParts) {
    this.#id = id;
    this.asked = asked;
    this.#parts = parts;
    void this.#start(false);
  }

  get room(): number {
    return this.#room;
  }

  write(bytes: Uint8Array): void {
    if (this.#tunnel) this.#handOn(bytes);
    else this.#early.push(bytes);
  }

  finish(): void {
    this.#isWhole = true;
    this.#tunnel?.finish();
  }

  pull(bytes: number): void {
    this.#room += bytes;
    this.#tunnel?.pull();
  }

  /** The page wants no more of it. HTTP/1.1 has no other way to say so than to end the connection. */
  abort(): void {
    this.#tunnel?.close();
    this.end(false);
  }

  end(whole = true): void {
    this.#used(whole);
    this.#parts.tell({ type: "end", id: this.#id });
    this.#over();
  }

  head(status: number, headers: [string, string][]): void {
    this.#status = status;
    if (status >= 200 && status < 300) {
      this.#counter = this.#parts.counter(this.asked);
      this.#counter.begin(headers);
    }
    this.#parts.tell({ type: "head", id: this.#id, status, headers });
  }

  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    this.#room -= bytes.length;
    this.#counter?.push(bytes);
    this.#parts.tell({ type: "chunk", id: this.#id, bytes }, [bytes.buffer]);
  }

  taken(bytes: number): void {
    this.#parts.tell({ type: "taken", id: this.#id, bytes });
  }

  failed(failure: Failure, { sent, answered }: Seen): void {
    this.#tunnel = undefined;
    const again = !sent || (this.#reused && IDEMPOTENT.has(this.asked.method));
    // The other end of a connection may go while nobody looks: that is found out by using it.
    if (this.#reused && again && !answered && !this.#bodyGone) void this.#start(true);
    else this.#fail(failure);
  }

  async #start(fresh: boolean): Promise<void> {
    try {
      const { tunnel, reused } = await this.#parts.acquire(this.asked, fresh, this.#gone.signal);
      if (this.#gone.signal.aborted) {
        tunnel.release();
        return;
      }
      this.#reused = reused;
      this.#tunnel = tunnel;
      try {
        tunnel.begin(this);
      } catch (error) {
        // It was refused before anything was sent; the connection is none the worse, or says so itself.
        this.#tunnel = undefined;
        tunnel.release();
        throw error;
      }
      for (const bytes of this.#early.splice(0)) this.#handOn(bytes);
      if (this.#isWhole) this.#tunnel?.finish();
    } catch (error) {
      this.#fail(failureOf(error));
    }
  }

  #handOn(bytes: Uint8Array): void {
    this.#bodyGone = true;
    this.#tunnel?.write(bytes);
  }

  #fail(failure: Failure): void {
    if (this.#gone.signal.aborted) return;
    this.#used(false);
    this.#parts.tell({ type: "failed", id: this.#id, failure });
    this.#over();
  }

  /** What the answer said it used; of one that was cut short, what it had said by then. */
  #used(whole: boolean): void {
    if (this.#status === undefined) return;
    const used: Used = { status: this.#status };
    this.#status = undefined;
    try {
      Object.assign(used, this.#counter?.finish(whole));
    } catch (error) {
      // What cannot be read is not counted: the answer itself is none the worse.
      KeysealError.from(error);
    }
    this.#counter?.free();
    this.#counter = undefined;
    this.#parts.tell({ type: "used", id: this.#id, used });
  }

  #over(): void {
    this.#tunnel = undefined;
    this.#early = [];
    this.#gone.abort();
    this.#parts.over(this.#id);
  }
}
