/**
 * `keyseal/oauth`: a key with no pasting, from a provider that gives one to a page by PKCE (RFC 7636).
 *
 * The page itself exchanges the code for the key and hands it to the vault at once, so that the companion gets a
 * sealed key, as it does when one is pasted. The addresses stand here and come from nowhere else: a companion that
 * could name them could have the key sent to itself.
 */
import { KeysealError } from "../errors.js";
import type { Entry } from "../types.js";
import type { AddOptions } from "../vault/arguments.js";
import { challengeOf, randomText } from "./pkce.js";

/** What of a vault is needed: it takes a key. */
export interface TakesKeys {
  /** Seals and stores a key; the bytes are wiped. */
  add(key: Uint8Array, options?: AddOptions): Promise<Entry>;
}

interface Flow {
  /** Where the person agrees. */
  authorize: string;
  /** Where the page gets the key; it answers pages of any origin. */
  exchange: string;
}

const FLOWS: Readonly<Record<string, Flow>> = {
  openrouter: {
    authorize: "https://openrouter.ai/auth",
    exchange: "https://openrouter.ai/api/v1/auth/keys",
  },
};

/** Ids of the providers that have such a flow. */
export const oauthProviders: readonly string[] = Object.keys(FLOWS);

/** In this tab alone, until the person is back. */
const STORED = "keyseal.oauth";
const STATE = "keyseal_oauth";
/** Longer than anybody reads a page of consent. */
const PATIENCE_MS = 15 * 60_000;

interface Begun {
  provider: string;
  verifier: string;
  state: string;
  until: number;
}

/**
 * Begins: where to send the person. `callback` is the page to which they come back, on this origin.
 *
 * @example
 * location.assign(await startOAuth("openrouter", { callback: location.href }));
 */
export async function startOAuth(
  provider: string,
  options: { callback: string | URL },
): Promise<string> {
  const flow = flowOf(provider);
  const begun: Begun = {
    provider,
    verifier: randomText(),
    state: randomText(),
    until: Date.now() + PATIENCE_MS,
  };
  const callback = new URL(options.callback);
  callback.hash = "";
  callback.searchParams.delete("code");
  callback.searchParams.set(STATE, begun.state);
  sessionStorage.setItem(STORED, JSON.stringify(begun));
  const to = new URL(flow.authorize);
  to.searchParams.set("callback_url", callback.href);
  to.searchParams.set("code_challenge", await challengeOf(begun.verifier));
  to.searchParams.set("code_challenge_method", "S256");
  return to.href;
}

/**
 * Whether the person has just come back.
 *
 * @example
 * if (isOAuthReturn(location.href)) await finishOAuth(vault, location.href);
 */
export function isOAuthReturn(url: string | URL): boolean {
  return new URL(url).searchParams.has(STATE);
}

/**
 * Ends: exchanges the code in the address for a key, seals it into the vault, and says which entry it became. The code
 * is good once; take it out of the address bar afterwards (`withoutOAuth`).
 *
 * @example
 * const entry = await finishOAuth(vault, location.href, { label: "by sign-in" });
 * history.replaceState(null, "", withoutOAuth(location.href));
 */
export async function finishOAuth(
  vault: TakesKeys,
  url: string | URL,
  options: Omit<AddOptions, "provider" | "host"> = {},
): Promise<Entry> {
  const asked = new URL(url).searchParams;
  const begun = taken();
  if (!begun || asked.get(STATE) !== begun.state || begun.until < Date.now()) {
    throw new KeysealError(
      "oauth_not_begun",
      "This sign-in was not begun in this tab, or too long ago.",
      {
        next: "Begin it again.",
      },
    );
  }
  const code = asked.get("code");
  if (!code) {
    throw new KeysealError(
      "oauth_refused",
      "The provider sent no code: the sign-in was not agreed to.",
      {
        next: "Begin it again, or paste a key.",
      },
    );
  }
  const key = await exchanged(flowOf(begun.provider), code, begun.verifier);
  return vault.add(new TextEncoder().encode(key), { ...options, provider: begun.provider });
}

/**
 * The address without what the flow put there.
 *
 * @example
 * history.replaceState(null, "", withoutOAuth(location.href));
 */
export function withoutOAuth(url: string | URL): string {
  const clean = new URL(url);
  for (const name of [STATE, "code"]) clean.searchParams.delete(name);
  return clean.href;
}

function flowOf(provider: string): Flow {
  const flow = Object.hasOwn(FLOWS, provider) ? FLOWS[provider] : undefined;
  if (!flow) {
    throw new KeysealError("oauth_not_available", "This provider gives no key by sign-in.", {
      next: "Make a key in its dashboard and paste it.",
    });
  }
  return flow;
}

/** What was begun, and no more: a code that comes twice is not exchanged twice. */
function taken(): Begun | undefined {
  const stored = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  try {
    return stored === null ? undefined : (JSON.parse(stored) as Begun);
  } catch {
    return undefined;
  }
}

async function exchanged(flow: Flow, code: string, verifier: string): Promise<string> {
  const failed = (message: string, cause?: unknown) =>
    new KeysealError("oauth_failed", message, { next: "Begin it again, or paste a key.", cause });
  let answer: Response;
  try {
    answer = await fetch(flow.exchange, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code, code_verifier: verifier, code_challenge_method: "S256" }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
    });
  } catch (cause) {
    throw failed("The provider could not be reached for the key.", cause);
  }
  if (!answer.ok) throw failed(`The provider gave no key (status ${answer.status}).`);
  // Not passed on: the text could hold the key.
  const body: unknown = await answer.json().catch(() => undefined);
  const key = typeof body === "object" && body !== null && "key" in body ? body.key : undefined;
  if (typeof key !== "string" || key === "") throw failed("The provider's answer holds no key.");
  return key;
}
