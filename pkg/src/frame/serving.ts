import { KeysealError } from "../errors.js";
import { Receiving, Sending } from "./bodies.js";
import {
  type FromFrame,
  type FromHost,
  type Piece,
  type SentRequest,
  sentError,
} from "./messages.js";

interface Open {
  abort: AbortController;
  up: Receiving | undefined;
  down: Sending | undefined;
}

/** So many requests of a host may run at once. */
const AT_ONCE = 256;

/** The frame's side of `fetch`: the vault's own, for a host that sees what comes back and nothing else. */
export class Serving {
  readonly #fetch: () => typeof globalThis.fetch;
  readonly #post: (message: FromFrame, transfer?: Transferable[]) => void;
  readonly #open = new Map<number, Open>();

  constructor(
    fetch: () => typeof globalThis.fetch,
    post: (message: FromFrame, transfer?: Transferable[]) => void,
  ) {
    this.#fetch = fetch;
    this.#post = post;
  }

  heard(message: FromHost): void {
    switch (message.type) {
      case "fetch":
        void this.#serve(message.id, message.request);
        break;
      case "abort":
        this.#open.get(message.id)?.abort.abort();
        this.#end(message.id);
        break;
      case "pull":
        void this.#open.get(message.id)?.down?.pull();
        break;
      case "chunk":
        this.#open.get(message.id)?.up?.chunk(message.bytes);
        break;
      case "end":
        this.#open.get(message.id)?.up?.end();
        break;
      case "fail":
        this.#open.get(message.id)?.up?.fail(new TypeError("The page's body broke off."));
        break;
    }
  }

  /** Ends everything: the account has changed, or the frame goes. */
  stop(): void {
    for (const [id, { abort }] of [...this.#open]) {
      abort.abort();
      this.#fail(id, new KeysealError("frame_stopped", "The frame ended this request."));
    }
  }

  async #serve(id: number, request: SentRequest): Promise<void> {
    // A number that is taken is no request: answering it would answer another.
    if (this.#open.has(id)) return;
    const post = (piece: Piece, transfer: Transferable[]) => this.#passOn(id, piece, transfer);
    const abort = new AbortController();
    const up = request.body === "stream" ? new Receiving(id, post, () => undefined) : undefined;
    const open: Open = { abort, up, down: undefined };
    try {
      if (this.#open.size >= AT_ONCE) throw tooMany();
      this.#open.set(id, open);
      const response = await this.#fetch()(request.url, {
        method: request.method,
        headers: request.headers,
        body: up?.stream ?? (request.body as Uint8Array<ArrayBuffer> | null),
        signal: abort.signal,
        ...(up ? { duplex: "half" } : {}),
      } as RequestInit);
      if (this.#open.get(id) !== open) return;
      if (response.body) open.down = new Sending(id, response.body, post);
      const { url, status, statusText } = response;
      const headers = [...response.headers] as [string, string][];
      const body = response.body !== null;
      this.#post({ type: "response", id, response: { url, status, statusText, headers, body } });
      if (!body) this.#end(id);
    } catch (error) {
      if (abort.signal.aborted) this.#end(id);
      else this.#fail(id, KeysealError.from(error));
    }
  }

  #passOn(id: number, piece: Piece, transfer: Transferable[]): void {
    this.#post(piece, transfer);
    const open = this.#open.get(id);
    if (open?.down && (piece.type === "end" || piece.type === "fail")) this.#open.delete(id);
  }

  #fail(id: number, error: unknown): void {
    this.#post({ type: "fail", id, error: sentError(error) });
    this.#end(id);
  }

  #end(id: number): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.down?.cancel();
    open?.up?.fail(new TypeError("The request is over."));
  }
}

function tooMany(): KeysealError {
  return new KeysealError("rate_limited", "Too many requests of this page run at once.", {
    next: "Wait for some of them to end.",
  });
}
