import { KeysealError } from "../errors.js";
import type { Failure } from "./messages.js";

const SENT = "The request may have reached the provider: look before you ask again.";
const UNSENT = "Nothing was sent to the provider: ask again.";

/**
 * What the companion's close codes mean, in words: where it could not connect, the words of its own answers. The
 * provider's own end is 1000.
 */
const CLOSED: Readonly<Record<number, readonly [code: string, message: string, next?: string]>> = {
  4400: ["relay_refused", "The companion refused to relay this connection."],
  4401: ["unauthorized", "The companion no longer accepts the caller's token.", "Sign in again."],
  4403: ["host_refused", "The provider's host has no address that requests may be sent to."],
  4408: ["relay_idle", "The companion closed a relayed connection on which nothing moved."],
  4409: ["relay_time_over", "The companion closed a relayed connection that had lasted too long."],
  4429: [
    "rate_limited",
    "Too many relayed connections are open for this user.",
    "Close other tabs, or wait until their requests are done.",
  ],
  4502: ["upstream_unreachable", "No connection to the provider could be made."],
  4503: ["unavailable", "The companion is shutting down, or has no room for this connection."],
  4504: ["upstream_timeout", "Connecting to the provider took too long."],
};

/** Why a connection ended that had been opened. */
export function closedBy(code: number, sent: boolean): Failure {
  const [name, message, next] = CLOSED[code] ?? [
    "relay_interrupted",
    "The relayed connection broke off.",
  ];
  return { code: name, message, next: next ?? (sent ? SENT : UNSENT) };
}

/** Nothing moved for so long that the connection counts as dead. */
export function silent(sent: boolean): Failure {
  const message = "Nothing came over the relayed connection for too long.";
  return { code: "upstream_timeout", message, next: sent ? SENT : UNSENT };
}

/** What was thrown, for a message. */
export function failureOf(thrown: unknown, sent = false): Failure {
  const { code, message, next } = KeysealError.from(thrown);
  const ended = code === "answer_cut_off" || code === "tls_refused";
  return { code, message, next: next ?? (ended ? (sent ? SENT : UNSENT) : undefined) };
}

/** And back, where the message arrives. */
export function errorOf({ code, message, next }: Failure): KeysealError {
  return new KeysealError(code, message, { next });
}

/** This build, this page or this companion has no relay. */
export function missing(why: string, cause?: unknown): KeysealError {
  return new KeysealError("relay_missing", `There is no relay here: ${why}.`, {
    next: "Allow request envelopes for browser-only keys (vault.allowsEnvelope), or store the key synced.",
    cause,
  });
}

const PATIENCE_MS = 10_000;

/**
 * A WebSocket that was not opened says nothing of why. The same address, asked in the ordinary way, does: what the
 * companion has against the caller; or nothing, and then it is WebSockets that do not get through.
 */
export async function whyNot(address: string, token: string): Promise<Failure> {
  let response: Response;
  try {
    response = await fetch(address, {
      headers: { Authorization: `Bearer ${token}` },
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    const message = "The companion cannot be reached.";
    const next = "Nothing was sent. Check the connection, or that the server runs, and try again.";
    return { code: "companion_unreachable", message, next };
  }
  const code = response.headers.get("Keyseal-Error");
  const body = (await response.json().catch(() => ({}))) as { detail?: string; next?: string };
  if (code === "not_found") return failureOf(missing("this companion does not relay"));
  if (code && code !== "upgrade_required") {
    const message = body.detail ?? `The companion answered ${response.status}.`;
    return { code, message, next: body.next };
  }
  return {
    code: "relay_blocked",
    message: "Something between this page and the companion blocks WebSockets.",
    next: "Allow wss: to the companion in the page's connect-src and in proxies, or allow request envelopes (vault.allowsEnvelope).",
  };
}
