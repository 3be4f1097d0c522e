import type { KeysealError } from "../errors.js";
import { Answer, responseOf } from "./answer.js";
import { type Deferred, deferred } from "./deferred.js";
import { errorOf } from "./failures.js";
import { Gate } from "./gate.js";
import { type ToEngine, type ToPage, WINDOW } from "./messages.js";

/** More of a body is not put into one message. */
const PIECE = 64 * 1024;

/** What a call needs of its session. */
export interface CallParts {
  id: number;
  entry: string;
  url: string;
  signal: AbortSignal | undefined;
  send(message: ToEngine, transfer?: Transferable[]): void;
  over(): void;
}

/** One request as the page sees it: its body goes up, its answer comes down, and it may be given up at any time. */
export class Call {
  readonly entry: string;
  readonly #parts: CallParts;
  readonly #head: Deferred<Response> = deferred();
  readonly #answer: Answer;
  readonly #up = new Gate(WINDOW);
  #over = false;

  constructor(parts: CallParts) {
    this.entry = parts.entry;
    this.#parts = parts;
    const { id, signal, send } = parts;
    this.#answer = new Answer(
      (bytes) => {
        if (!this.#over) send({ type: "pull", id, bytes });
      },
      () => this.#giveUp(),
    );
    // Nobody may ask for the answer of what failed at once.
    this.#head.promise.catch(() => undefined);
    signal?.addEventListener("abort", this.#aborted);
  }

  /** The answer, as soon as its head is there. */
  get response(): Promise<Response> {
    return this.#head.promise;
  }

  /** Sends the body, as fast as the other side takes it. */
  async upload(body: ReadableStream<Uint8Array> | undefined): Promise<void> {
    if (!body) return;
    const { id, send } = this.#parts;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.#over) break;
        if (!(value instanceof Uint8Array)) throw new TypeError("A body is made of bytes.");
        for (let at = 0; at < value.length; at += PIECE) {
          // A copy: what is handed over is gone here, and it may be the caller's.
          const bytes = value.slice(at, at + PIECE);
          await this.#up.take(bytes.length);
          if (this.#over) break;
          send({ type: "chunk", id, bytes }, [bytes.buffer]);
        }
      }
      if (this.#over) await reader.cancel();
      else send({ type: "finish", id });
    } catch (error) {
      this.stop(error);
    }
  }

  hear(message: Extract<ToPage, { id: number }>): void {
    switch (message.type) {
      case "taken":
        this.#up.add(message.bytes);
        break;
      case "head": {
        const { status, headers } = message;
        const fields: typeof headers = [
          ...headers,
          ["Keyseal-Served-By", `entry ${this.entry}`],
          ["Keyseal-Path", "relay"],
        ];
        this.#head.resolve(responseOf(this.#parts.url, status, fields, this.#answer.body));
        break;
      }
      case "chunk":
        this.#answer.chunk(message.bytes);
        break;
      case "end":
        this.#answer.end();
        this.#end();
        break;
      case "failed":
        this.#fail(errorOf(message.failure));
        break;
    }
  }

  /** Ends it from here: the other side is told, the caller gets this error. */
  stop(error: unknown): void {
    if (this.#over) return;
    this.#fail(error);
    this.#parts.send({ type: "abort", id: this.#parts.id });
  }

  readonly #aborted = (): void => this.stop(this.#parts.signal?.reason);

  #giveUp(): void {
    if (this.#over) return;
    this.#end();
    this.#parts.send({ type: "abort", id: this.#parts.id });
  }

  #fail(error: unknown): void {
    this.#head.reject(error as KeysealError);
    this.#answer.fail(error);
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#parts.signal?.removeEventListener("abort", this.#aborted);
    // Whoever waits to send more sees that it is over.
    this.#up.add(Number.POSITIVE_INFINITY);
    this.#parts.over();
  }
}
