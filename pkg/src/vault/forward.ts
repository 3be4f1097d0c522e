import { KeysealError } from "../errors.js";
import type { Entry } from "../types.js";
import type { Companion } from "./companion.js";
import { usable } from "./entries.js";
import { isStale } from "./pinned.js";
import type { Relayable } from "./relayed.js";

/** What `forward` needs of the vault. */
export interface ForwardParts {
  companion: Companion;
  entries(): readonly Entry[];
  /** The answer by the relay to a request under a browser-only key; undefined where it goes in an envelope. */
  relayed(entry: Entry, asked: Relayable): Promise<Response | undefined>;
  /** The headers that carry a browser-only key, sealed for this one request. */
  envelope(
    entry: Entry,
    request: { method: string; path: string; token: string },
  ): Promise<Record<string, string>>;
  /** The companion no longer knows the key that was sealed to, or the clocks differ: look again. */
  refreshKeyset(): Promise<void>;
  /** A response that the enveloped key was the answer to. */
  served(response: Response, entry: Entry): Promise<void>;
}

/** Where SDKs put what they take for a key. All are removed: identity goes into `Authorization`, keys nowhere. */
const CREDENTIAL_HEADERS = [
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "xi-api-key",
  "x-subscription-token",
];

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

    const send = async (): Promise<Response> => {
      const entry = chosen(parts.entries(), asked, path);
      if (entry) {
        const request = { url, path, method, headers: asked, input, init, replayable };
        const relayed = await parts.relayed(entry, request);
        if (relayed) {
          await parts.served(relayed, entry);
          return relayed;
        }
      }
      const token = await parts.companion.token();
      const headers = await withKey(parts, asked, entry, { method, path, token });
      const response = await request(parts.companion, input, {
        ...init,
        headers,
        credentials: "omit",
      });
      if (entry && response.headers.get("Keyseal-Served-By") === "envelope")
        await parts.served(response, entry);
      return response;
    };

    const response = await send();
    if (!replayable || !isStale(response.headers.get("Keyseal-Error"))) return response;
    await parts.refreshKeyset();
    await response.body?.cancel();
    return send();
  };
}

/** A `Request` with a body can be sent once only. */
function isBodiless(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** The browser-only entry that a request goes under; undefined where the companion chooses. */
function chosen(entries: readonly Entry[], asked: Headers, path: string): Entry | undefined {
  const named = asked.get("Keyseal-Entry");
  // Of several origins of a provider the path says which: `fal:queue`.
  const provider = /^\/forward\/([^/:%]+)[^/]*\//.exec(path)?.[1];
  const entry = named
    ? entries.find((entry) => entry.id === named)
    : provider
      ? usable(entries, provider)[0]
      : undefined;
  return entry?.storage === "browser" ? entry : undefined;
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
