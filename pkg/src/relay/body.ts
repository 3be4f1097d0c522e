import type { BodyKind } from "./messages.js";

/** A request's body: its length where that is known, its type where it brings one, and its bytes in order. */
export interface Body {
  kind: BodyKind;
  type: string | null;
  stream: ReadableStream<Uint8Array> | undefined;
}

const NONE: Body = { kind: "none", type: null, stream: undefined };

/** What `fetch` would send for these arguments. */
export async function bodyOf(input: RequestInfo | URL, init: RequestInit = {}): Promise<Body> {
  const { body } = init;
  if (body !== undefined && body !== null) return given(body);
  if (!(input instanceof Request) || input.method === "GET" || input.method === "HEAD") return NONE;
  const type = input.headers.get("content-type");
  // Not every browser has a request's body as a stream.
  if (input.body) return { kind: "chunked", type, stream: input.body };
  const bytes = new Uint8Array(await input.arrayBuffer());
  return bytes.length === 0 ? NONE : { ...given(bytes), type };
}

function given(body: BodyInit): Body {
  // It knows how to turn each kind of body into bytes, and what type they then have.
  const whole = new Response(body);
  const type = whole.headers.get("content-type");
  const stream = whole.body ?? undefined;
  return { kind: stream ? (lengthOf(body) ?? "chunked") : "none", type, stream };
}

function lengthOf(body: BodyInit): number | undefined {
  if (typeof body === "string") return new TextEncoder().encode(body).length;
  if (body instanceof Blob) return body.size;
  if (body instanceof URLSearchParams) return body.toString().length;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength;
  return undefined;
}
