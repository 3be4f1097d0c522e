import { codeOf } from "../errors.js";
import type { Against } from "../relay/messages.js";
import type { Entry } from "../types.js";
import { usable } from "./entries.js";

/** A provider's answer, and what it says against the key. */
export interface Answered {
  response: Response;
  /** Whether this key got it, and not another that the companion has, or none. */
  isOwn: boolean;
  against: Against;
}

/** What taking turns needs. */
export interface TurnParts {
  send(entry: Entry): Promise<Answered>;
  served(answered: Answered, entry: Entry): Promise<void>;
  /** Whether the request can be sent a second time. */
  replayable: boolean;
}

/** As many as the companion tries, so that SDKs that ask again do not multiply it. */
const MOST = 10;

/** What makes one key unusable, and says nothing of the others. */
const OF_THE_KEY: ReadonlySet<string> = new Set([
  "entry_damaged",
  "entry_changed",
  "vault_key_lost",
  "not_found",
  "host_refused",
]);

/**
 * The browser-only entries that a request tries, in order; none where the companion chooses. As at the companion, one
 * that is named is the only one unless a fallback is asked for too, and what follows is of the same kind: a stored key
 * of the companion's takes over from one that it never sees only where a fallback is asked for.
 */
export function turns(entries: readonly Entry[], asked: Headers, path: string): readonly Entry[] {
  const named = asked.get("Keyseal-Entry");
  // Of several origins of a provider the path says which: `fal:queue`.
  const provider = /^\/forward\/([^/:%]+)[^/]*\//.exec(path)?.[1];
  const inTurn = provider ? usable(entries, provider) : [];
  const first = named ? entries.find((entry) => entry.id === named) : inTurn[0];
  if (first?.storage !== "browser") return [];
  const wish = asked.get("Keyseal-Fallback");
  if (wish === "none" || (named && !wish)) return [first];
  return [first, ...inTurn.filter((entry) => entry !== first && entry.storage === "browser")];
}

/** Sends a request under one entry after the other, until an answer says nothing against its key. */
export async function inTurn(
  entries: readonly Entry[],
  { send, served, replayable }: TurnParts,
): Promise<Answered | undefined> {
  let last: Answered | undefined;
  let attempts = 0;
  for (const entry of entries.slice(0, MOST)) {
    const answered = await send(entry).catch((error: unknown) => {
      // A later one that cannot be opened is passed over: the answer to the one before it stands.
      if (last && OF_THE_KEY.has(codeOf(error))) return undefined;
      throw error;
    });
    if (!answered) continue;
    if (last) letGo(last.response);
    attempts += 1;
    last = attempts > 1 ? { ...answered, response: again(answered.response, attempts) } : answered;
    if (last.isOwn) await served(last, entry);
    if (!last.against || !replayable) break;
  }
  return last;
}

/** Ends an answer that nobody will read; one that broke off meanwhile is no less over. */
export function letGo({ body }: Response): void {
  body?.cancel().catch(() => undefined);
}

/** An answer that others came before, with their number on it; what came over the network cannot be written on. */
function again(response: Response, attempts: number): Response {
  const headers = new Headers(response.headers);
  headers.set("Keyseal-Attempts", `${attempts}`);
  const { body, status, statusText, url } = response;
  const copy = new Response(body, { status, statusText, headers });
  Object.defineProperty(copy, "url", { value: url });
  return copy;
}
