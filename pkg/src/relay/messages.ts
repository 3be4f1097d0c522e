import type { Grant, TestCall } from "./wasm.js";

/** How a request's body travels: not at all, so many bytes, or until it ends. */
export type BodyKind = "none" | "chunked" | number;

/** What the page asks of the engine. Bodies follow in messages of their own. */
export interface Asked {
  provider: string;
  /** The provider as the companion takes it: of several origins of one, also which (`fal:queue`). */
  route: string;
  host: string | undefined;
  entry: string;
  method: string;
  path: string;
  headers: [string, string][];
  body: BodyKind;
  /** The caller's token, for a connection that has to be opened. */
  token: string;
}

/** What holds for all requests of a session. */
export interface Setting {
  /** The companion's address. */
  companion: string;
  /** How many connections may be open. */
  connections: number;
  /** Certificates (DER) that custom hosts may be signed by, besides the public ones. */
  roots: readonly Uint8Array[];
}

/** What went wrong, in a form that a message can carry. */
export interface Failure {
  code: string;
  message: string;
  next: string | undefined;
}

/** What one answer said it used. Absent: it did not say. */
export interface Used {
  /** Of the answer. */
  status: number;
  model?: string;
  inputTokens?: number;
  outputTokens?: number;
  cachedTokens?: number;
  reasoningTokens?: number;
  images?: number;
  audioMs?: number;
  characters?: number;
  /** What the provider says it charged, in millionths of a dollar. */
  costMicroUsd?: number;
}

/** What an answer to a test call says of the key. */
export interface Judged {
  provider: string;
  status: number;
  contentType: string | undefined;
  body: string;
}

/** An answer to any request, and its beginning where that was looked at. */
export type Looked = Omit<Judged, "body"> & { body: string | undefined };

/** What an answer says against its key; `look`: its beginning tells. */
export type Against = "refused" | "limited" | "wait" | "unsaid" | "look" | undefined;

/** From the page to the engine. `id` numbers the requests of one session. */
export type ToEngine =
  | { type: "start"; module: WebAssembly.Module; setting: Setting }
  | { type: "grant"; id: number; grant: Grant }
  | { type: "forget"; entry: string }
  | { type: "wipe" }
  | { type: "request"; id: number; asked: Asked }
  | { type: "chunk"; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: "finish"; id: number }
  | { type: "pull"; id: number; bytes: number }
  | { type: "abort"; id: number }
  | { type: "testCall"; id: number; provider: string }
  | ({ type: "judge"; id: number } & Judged)
  | ({ type: "against"; id: number } & Looked);

/** From the engine to the page. */
export type ToPage =
  | { type: "started" }
  | { type: "notStarted"; failure: Failure }
  | { type: "wiped" }
  | { type: "taken"; id: number; bytes: number }
  | { type: "head"; id: number; status: number; headers: [string, string][] }
  | { type: "chunk"; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: "used"; id: number; used: Used }
  | { type: "end"; id: number }
  /** What was asked and is no request: a grant, a test call, a verdict. */
  | { type: "told"; id: number; answer: TestCall | string | undefined }
  | { type: "failed"; id: number; failure: Failure };

/** How much of a body may be on its way to the other side before that has said that it took it. */
export const WINDOW = 256 * 1024;
