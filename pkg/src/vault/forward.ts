import { KeysealError } from "../errors.js";
import type { Entry } from "../types.js";
import type { Companion } from "./companion.js";
import { usable } from "./entries.js";
import { isStale } from "./pinned.js";

/** What `forward` needs of the vault. */
export interface ForwardParts {
  companion: Companion;
  entries(): readonly Entry[];
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

    const send = async (): Promise<Response> => {
      const token = await parts.companion.token();
      const { headers, entry } = await withKey(parts, asked, { method, path, token });
      const response = await request(parts.companion, input, {
        ...init,
        headers,
        credentials: "omit",
      });
      if (entry && response.headers.get("Keyseal-Served-By") === "envelope")
        await parts.served(response, entry);
      return response;
    };

    const streams = init?.body instanceof ReadableStream;
    const replayable = !streams && (!(input instanceof Request) || isBodiless(input.method));
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

/** Picks the credential: a browser-only entry travels as an envelope, anything else the companion chooses. */
async function withKey(
  parts: ForwardParts,
  asked: Headers,
  request: { method: string; path: string; token: string },
): Promise<{ headers: Headers; entry: Entry | undefined }> {
  const headers = new Headers(asked);
  headers.set("Authorization", `Bearer ${request.token}`);

  const named = headers.get("Keyseal-Entry");
  const provider = /^\/forward\/([^/]+)\//.exec(request.path)?.[1];
  const entry = named
    ? parts.entries().find((entry) => entry.id === named)
    : provider
      ? usable(parts.entries(), provider)[0]
      : undefined;
  if (entry?.storage !== "browser") return { headers, entry: undefined };

  if (named) {
    // The companion does not know this entry. "Exactly this one" then means: the envelope and nothing after it.
    headers.delete("Keyseal-Entry");
    if (!headers.has("Keyseal-Fallback")) headers.set("Keyseal-Fallback", "none");
  }
  for (const [name, value] of Object.entries(await parts.envelope(entry, request)))
    headers.set(name, value);
  return { headers, entry };
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
