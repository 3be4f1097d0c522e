import { isAway as saysAway } from "../vault/companion.js";
import type { Vault } from "../vault/vault.js";

/** Whether the companion could not be reached when it was last asked. */
export function isAway(vault: Vault | undefined): boolean {
  return vault?.problems.some(saysAway) ?? false;
}
