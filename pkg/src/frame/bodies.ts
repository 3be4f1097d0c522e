// Bodies in pieces over a message port, with as much on the way as the reader asks for.

import { KeysealError } from "../errors.js";
import { type Piece, type SentError, sentError } from "./messages.js";

type Post = (piece: Piece, transfer: Transferable[]) => void;

/** Sends a stream's chunks, one for each `pull`. */
export class Sending {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #id: number;
  readonly #post: Post;
  #busy = false;

  constructor(id: number, stream: ReadableStream<Uint8Array>, post: Post) {
    this.#id = id;
    this.#post = post;
    this.#reader = stream.getReader();
  }

  async pull(): Promise<void> {
    // One at a time is all that the other side asks for.
    if (this.#busy) return;
    this.#busy = true;
    const id = this.#id;
    try {
      const { done, value } = await this.#reader.read();
      if (done) {
        this.#post({ type: "end", id }, []);
        return;
      }
      if (!(value instanceof Uint8Array)) throw new TypeError("A body is made of bytes.");
      // A copy, so that nothing is taken from whoever goes on holding the chunk.
      const bytes = value.slice();
      this.#post({ type: "chunk", id, bytes }, [bytes.buffer]);
    } catch (error) {
      this.#post({ type: "fail", id, error: sentError(error) }, []);
    } finally {
      this.#busy = false;
    }
  }

  cancel(reason?: unknown): void {
    this.#reader.cancel(reason).catch(() => undefined);
  }
}

/** A stream out of the chunks that come. */
export class Receiving {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #asked: (() => void) | undefined;
  #over = false;

  constructor(id: number, post: Post, cancelled: (reason: unknown) => void) {
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () =>
        new Promise<void>((resolve) => {
          this.#asked = resolve;
          post({ type: "pull", id }, []);
        }),
      cancel: (reason) => {
        this.#over = true;
        cancelled(reason);
      },
    });
  }

  /** A chunk that nobody asked for is dropped: the other side cannot fill this one's memory. */
  chunk(bytes: Uint8Array): void {
    const asked = this.#asked;
    if (this.#over || !asked) return;
    this.#asked = undefined;
    // An empty one would be taken for progress.
    if (bytes.byteLength > 0) this.#controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
    asked();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.close();
    this.#asked?.();
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.error(error);
    this.#asked?.();
  }
}

/** The error that crossed, as it was. */
export function receivedError(sent: SentError): KeysealError {
  return new KeysealError(sent.code, sent.message, {
    next: sent.next ?? undefined,
    status: sent.status ?? undefined,
  });
}
