import type { KeysealError } from "keyseal";
import { strings } from "../strings.js";
import type { Failure } from "./conversation.js";

const WORDS = strings.playground.failures;

/** What went wrong with a message, in a person's words: what happened, and what to do. */
export function explained(error: KeysealError, provider: string): Failure {
  const { code, status } = error;
  // The companion's own refusals have a code of their own: what failed there is not the provider's doing.
  const isTheirs = code.startsWith("http_");
  const known = WORDS[code as keyof typeof WORDS] ?? (isTheirs ? byStatus(status) : undefined);
  const said = error.message.trim();
  if (!known) {
    return {
      code,
      message: said || WORDS.other.message(provider),
      next: error.next ?? WORDS.other.next,
    };
  }
  // The provider's own words often say more than any of ours.
  const theirs = said && isTheirs ? `${strings.playground.providerSays(said)} ` : "";
  return { code, message: known.message(provider), next: theirs + (error.next ?? known.next) };
}

function byStatus(status: number | undefined) {
  if (status === undefined || status < 500) return undefined;
  return WORDS.http_500;
}
