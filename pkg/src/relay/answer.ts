import { WINDOW } from "./messages.js";

/** Statuses whose answers have no body, and may be given none. */
const BODILESS: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
/** More room is told of in pieces, not at every read. */
const TOLD_FROM = WINDOW / 4;

/** Bytes of an answer on their way to whoever reads it: asked for only as fast as they are read. */
export class Answer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  #stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Room that the other side was told of and has not used. */
  #asked = 0;

  constructor(pull: (bytes: number) => void, cancelled: () => void) {
    const source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> = {
      start: (stream) => {
        this.#stream = stream;
      },
      pull: (stream) => {
        const more = (stream.desiredSize ?? 0) - this.#asked;
        if (more <= 0 || (more < TOLD_FROM && this.#asked > 0)) return;
        this.#asked += more;
        pull(more);
      },
      cancel: () => {
        this.#stream = undefined;
        cancelled();
      },
    };
    this.body = new ReadableStream(
      source,
      new ByteLengthQueuingStrategy({ highWaterMark: WINDOW }),
    );
  }

  chunk(bytes: Uint8Array<ArrayBuffer>): void {
    this.#asked -= bytes.length;
    this.#stream?.enqueue(bytes);
  }

  end(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  fail(error: unknown): void {
    this.#stream?.error(error);
    this.#stream = undefined;
  }
}

/** The standard object for it, as `fetch` would have made it. */
export function responseOf(
  url: string,
  status: number,
  fields: [string, string][],
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): Response {
  const headers = new Headers(fields);
  const response = new Response(BODILESS.has(status) ? null : body, { status, headers });
  Object.defineProperty(response, "url", { value: url });
  return response;
}
