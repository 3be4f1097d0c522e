import { KeysealError } from "../errors.js";
import { Receiving, receivedError, Sending } from "./bodies.js";
import type { FromFrame, FromHost, Piece, SentResponse } from "./messages.js";

interface Open {
  answered(response: SentResponse, body: Receiving | undefined): void;
  failed(error: unknown): void;
  up: Sending | undefined;
  down: Receiving | undefined;
}

/** The host's side of `fetch`: each request with a number, its bodies in pieces. */
export class Asking {
  readonly #post: (message: FromHost, transfer?: Transferable[]) => void;
  readonly #open = new Map<number, Open>();
  #last = 0;

  constructor(post: (message: FromHost, transfer?: Transferable[]) => void) {
    this.#post = post;
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const streams = init?.body instanceof ReadableStream;
    // A `Request` reads everything as `fetch` would: bodies of all kinds, and the headers that go with them.
    const request = new Request(
      input,
      streams ? ({ ...init, duplex: "half" } as RequestInit) : init,
    );
    const { signal } = request;
    signal.throwIfAborted();
    const whole =
      streams || request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    signal.throwIfAborted();
    const id = ++this.#last;
    const post = (piece: Piece, transfer: Transferable[]) => this.#post(piece, transfer);
    const answered = new Promise<Response>((resolve, reject) => {
      this.#open.set(id, {
        up: streams && request.body ? new Sending(id, request.body, post) : undefined,
        down: undefined,
        answered: (sent, body) => resolve(responseOf(sent, body)),
        failed: reject,
      });
    });
    const abort = () => {
      this.#post({ type: "abort", id });
      this.#end(id, signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const sent = {
      url: request.url,
      method: request.method,
      headers: [...request.headers] as [string, string][],
      body: streams ? ("stream" as const) : whole,
    };
    this.#post({ type: "fetch", id, request: sent }, whole ? [whole.buffer] : []);
    return answered;
  }

  /** What the frame says to a request; true if it was that. */
  heard(message: FromFrame): boolean {
    if (message.type === "response") {
      const open = this.#open.get(message.id);
      if (!open) return true;
      const { id, response } = message;
      if (response.body) {
        open.down = new Receiving(
          id,
          (piece) => this.#post(piece as FromHost),
          () => {
            this.#post({ type: "abort", id });
            this.#end(id, undefined);
          },
        );
      }
      open.answered(response, open.down);
      if (!response.body) this.#end(id, undefined);
      return true;
    }
    if (message.type === "pull") void this.#open.get(message.id)?.up?.pull();
    else if (message.type === "chunk") this.#open.get(message.id)?.down?.chunk(message.bytes);
    else if (message.type === "end") {
      this.#open.get(message.id)?.down?.end();
      this.#end(message.id, undefined);
    } else if (message.type === "fail") this.#end(message.id, receivedError(message.error));
    else return false;
    return true;
  }

  /** The frame is gone: what was under way fails. */
  gone(): void {
    const error = new KeysealError(
      "frame_gone",
      "The frame with the keys was closed or reloaded.",
      {
        next: "Send the request again once the frame is there.",
      },
    );
    for (const id of [...this.#open.keys()]) this.#end(id, error);
  }

  #end(id: number, error: unknown): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.up?.cancel(error);
    if (error === undefined) return;
    open?.down?.fail(error);
    open?.failed(error);
  }
}

function responseOf(sent: SentResponse, body: Receiving | undefined): Response {
  const { status, statusText, headers, url } = sent;
  const response = new Response(body?.stream ?? null, { status, statusText, headers });
  // A response that was made has no address; SDKs name it in their errors.
  return Object.defineProperty(response, "url", { value: url });
}
