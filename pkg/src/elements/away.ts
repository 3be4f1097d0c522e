import type { Vault } from "../vault/vault.js";

/** Codes of an answer that did not come; all else is the companion's own word. */
const CODES: ReadonlySet<string> = new Set(["companion_unreachable", "unavailable"]);

export function saysAway({ code }: { readonly code: string }): boolean {
  return CODES.has(code);
}

/** Whether the companion could not be reached when it was last asked. */
export function isAway(vault: Vault | undefined): boolean {
  return vault?.problems.some(saysAway) ?? false;
}
