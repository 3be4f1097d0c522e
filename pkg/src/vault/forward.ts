import { KeysealError } from "../errors.js";
import type { Against } from "../relay/messages.js";
import type { Entry } from "../types.js";
import type { Companion } from "./companion.js";
import { type Answered, inTurn, letGo, turns } from "./in-turn.js";
import { isStale } from "./pinned.js";
import type { Relayable } from "./relay-door.js";

/** What `forward` needs of the vault. */
export interface ForwardParts {
  companion: Companion;
  entries(): readonly Entry[];
  /** The answer by the relay to a request under a browser-only key; undefined where it goes in an envelope. */
  relayed(entry: Entry, asked: Relayable): Promise<Answered | undefined>;
  /** The headers that carry a browser-only key, sealed for this one request. */
  envelope(
    entry: Entry,
    request: { method: string; path: string; token: string },
  ): Promise<Record<string, string>>;
  /** The companion no longer knows the key that was sealed to, or the clocks differ: look again. */
  refreshKeyset(): Promise<void>;
  /** An answer that was given to a browser-only key. */
  served(answered: Answered, entry: Entry, method: string): Promise<void>;
}

/** Where SDKs put what they take for a key. All are removed: identity goes into `Authorization`, keys nowhere. */
const CREDENTIAL_HEADERS = [
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "xi-api-key",
  "x-subscription-token",
];

const AGAINST: Readonly<Record<number, Against>> = { 401: "refused", 402: "limited", 429: "wait" };

/** What an answer's status says against the key in the envelope. More of it is read where there is a relay. */
function readByStatus(response: Response): Answered {
  const { status, headers } = response;
  const isOwn = headers.get("Keyseal-Served-By") === "envelope";
  const isPage = status === 401 && headers.get("content-type")?.includes("html");
  return { response, isOwn, against: isOwn ? (isPage ? "unsaid" : AGAINST[status]) : undefined };
}

/** The `fetch` of a vault: same signature, but only to the companion, and with identity and key added. */
export function forwardingFetch(parts: ForwardParts): typeof fetch {
  return async (input, init) => {
    const url = companionUrl(input);
    const path = parts.companion.pathOf(url);
    if (path === undefined || !/^\/(?:forward|v1)\//.test(path))
      throw notCompanion(url, parts.companion.url);

    const method = (
      init?.method ?? (input instanceof Request ? input.method : "GET")
    ).toUpperCase();
    const asked = new Headers(
      init?.headers ?? (input instanceof Request ? input.headers : undefined),
    );
    for (const name of CREDENTIAL_HEADERS) asked.delete(name);

    const streams = init?.body instanceof ReadableStream;
    const replayable = !streams && (!(input instanceof Request) || isBodiless(input.method));

    const byCompanion = async (entry?: Entry, next?: Entry): Promise<Response> => {
      const token = await parts.companion.token();
      const headers = await withKey(parts, asked, entry, { method, path, token });
      // Keys that the companion holds take their turn when those of this browser have had theirs.
      if (next && replayable) headers.set("Keyseal-Fallback", "none");
      return request(parts.companion, input, { ...init, headers, credentials: "omit" });
    };

    const send = async (): Promise<Response> => {
      const entries = turns(parts.entries(), asked, path);
      const answered = await inTurn(entries, {
        send: async (entry) =>
          (await parts.relayed(entry, {
            url,
            path,
            method,
            headers: asked,
            input,
            init,
            replayable,
          })) ?? readByStatus(await byCompanion(entry, entries[entries.indexOf(entry) + 1])),
        served: (answered, entry) => parts.served(answered, entry, method),
        replayable,
      });
      const refused = answered?.against && replayable && asksForMore(asked);
      // With an envelope the companion has tried its own already.
      const isOver = answered?.response.headers.get("Keyseal-Served-By") === "envelope";
      if (answered && (!refused || isOver)) return answered.response;
      const response = await byCompanion();
      if (!answered) return response;
      const none = response.headers.has("Keyseal-Error");
      letGo(none ? response : answered.response);
      return none ? answered.response : response;
    };

    const response = await send();
    if (!replayable || !isStale(response.headers.get("Keyseal-Error"))) return response;
    await parts.refreshKeyset();
    await response.body?.cancel();
    return send();
  };
}

/** Whether keys that the companion holds may serve where those of this browser did not. */
function asksForMore(asked: Headers): boolean {
  return /^(?:keys|platform)$/.test(asked.get("Keyseal-Fallback") ?? "");
}

/** A `Request` with a body can be sent once only. */
function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Adds identity, and a browser-only key in its envelope; of the others the companion chooses. */
async function withKey(
  parts: ForwardParts,
  asked: Headers,
  entry: Entry | undefined,
  request: { method: string; path: string; token: string },
): Promise<Headers> {
  const headers = new Headers(asked);
  headers.set("Authorization", `Bearer ${request.token}`);
  if (!entry) return headers;
  if (headers.has("Keyseal-Entry")) {
    // The companion does not know this entry. "Exactly this one" then means: the envelope and nothing after it.
    headers.delete("Keyseal-Entry");
    if (!headers.has("Keyseal-Fallback")) headers.set("Keyseal-Fallback", "none");
  }
  for (const [name, value] of Object.entries(await parts.envelope(entry, request)))
    headers.set(name, value);
  return headers;
}

async function request(
  companion: Companion,
  input: RequestInfo | URL,
  init: RequestInit,
): Promise<Response> {
  try {
    const response = await fetch(input, init);
    if (response.ok) companion.reached();
    return response;
  } catch (error) {
    // An abort is the caller's own doing and must look to it as `fetch` makes it look.
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined);
    if (signal?.aborted) throw error;
    throw companion.unreachable(error);
  }
}

function companionUrl(input: RequestInfo | URL): URL {
  return new URL(input instanceof Request ? input.url : input, globalThis.location?.href);
}

function notCompanion(url: URL, companion: string): KeysealError {
  return new KeysealError(
    "url_not_companion",
    `vault.fetch goes only to the companion, not to ${url.origin}.`,
    {
      next: `Use vault.baseURL(provider), or another address below ${companion}/forward/.`,
    },
  );
}
