// What host page and frame say to each other. Nothing in here asks for a key, and nothing carries one.

import type { Entry } from "../types.js";

/** Said by `postMessage`, once each: the frame is there; here is a port, and from now on only that is used. */
export const HELLO = Object.freeze({ keyseal: "frame", type: "hello", version: 1 });
export const CONNECT = Object.freeze({ keyseal: "frame", type: "connect", version: 1 });

/** What the frame can be asked to show. */
/** What a frame can be asked to show; `add` is the list with its dialog open. */
export type FrameView = "keys" | "add" | "usage" | "security" | "activity";
export const VIEWS: readonly FrameView[] = ["keys", "add", "usage", "security", "activity"];

/**
 * What the frame is doing: waiting for the host's token; asking its owner about another account; ready for use; or
 * stopped by an error that it shows.
 */
export type FrameState = "connecting" | "account" | "open" | "failed";

/** A request as it crosses; a body that is not yet whole follows in pieces. */
export interface SentRequest {
  url: string;
  method: string;
  headers: [string, string][];
  body: Uint8Array | "stream" | null;
}

export interface SentResponse {
  url: string;
  status: number;
  statusText: string;
  headers: [string, string][];
  body: boolean;
}

/** A `KeysealError`, in pieces. */
export interface SentError {
  code: string;
  message: string;
  next: string | null;
  status: number | null;
}

/** What the host is told whenever something of it has changed. */
export interface Told {
  state: FrameState;
  /** The `sub` whose keys these are. */
  account: string | null;
  /** Masked, as everywhere. */
  entries: readonly Entry[];
  unlocked: boolean;
  persistent: boolean;
  error: SentError | null;
}

/** One piece of a body, asked for one by one, so that nothing piles up between the two. */
export type Piece =
  | { type: "pull"; id: number }
  | { type: "chunk"; id: number; bytes: Uint8Array }
  | { type: "end"; id: number }
  | { type: "fail"; id: number; error: SentError };

export type FromHost =
  | { type: "token"; id: number; token: string | null }
  | { type: "fetch"; id: number; request: SentRequest }
  | { type: "abort"; id: number }
  | { type: "open"; view: FrameView }
  | Piece;

export type FromFrame =
  | { type: "token"; id: number }
  | { type: "told"; companion: string; bases: Record<string, string>; now: Told }
  | { type: "height"; height: number }
  | { type: "response"; id: number; response: SentResponse }
  | Piece;

/** A message of the host's, or undefined for anything that is none: a host may say what it likes. */
export function fromHost(data: unknown): FromHost | undefined {
  if (!isObject(data)) return undefined;
  if (data.type === "open") {
    const view = VIEWS.find((name) => name === data.view);
    return view && { type: "open", view };
  }
  const { id } = data;
  if (!Number.isSafeInteger(id)) return undefined;
  const numbered = { id: id as number };
  switch (data.type) {
    case "token": {
      const token = data.token;
      if (token !== null && typeof token !== "string") return undefined;
      return { type: "token", ...numbered, token };
    }
    case "fetch": {
      const request = sentRequest(data.request);
      return request && { type: "fetch", ...numbered, request };
    }
    case "abort":
    case "pull":
    case "end":
      return { type: data.type, ...numbered };
    case "chunk":
      if (!(data.bytes instanceof Uint8Array)) return undefined;
      return { type: "chunk", ...numbered, bytes: data.bytes };
    case "fail":
      return {
        type: "fail",
        ...numbered,
        error: sentError(new Error("The page's body broke off.")),
      };
    default:
      return undefined;
  }
}

function sentRequest(data: unknown): SentRequest | undefined {
  if (!isObject(data)) return undefined;
  const { url, method, headers, body } = data;
  if (typeof url !== "string" || typeof method !== "string" || !Array.isArray(headers)) return;
  if (body !== null && body !== "stream" && !(body instanceof Uint8Array)) return undefined;
  const pairs: [string, string][] = [];
  for (const pair of headers) {
    if (!Array.isArray(pair) || typeof pair[0] !== "string" || typeof pair[1] !== "string") return;
    pairs.push([pair[0], pair[1]]);
  }
  return { url, method, headers: pairs, body };
}

/** An error as it crosses: its words, and never its cause. */
export function sentError(error: unknown): SentError {
  const { code, message, next, status } = Object(error) as Record<string, unknown>;
  return {
    code: typeof code === "string" ? code : "unexpected",
    message: typeof message === "string" ? message : "Something went wrong in the frame.",
    next: typeof next === "string" ? next : null,
    status: typeof status === "number" ? status : null,
  };
}

export function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null;
}
