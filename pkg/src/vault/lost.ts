import { KeysealError } from "../errors.js";
import type { Slot } from "../types.js";
import type { LocalEntry, VaultCore } from "../wasm/keyseal.js";
import { waysIn } from "./slots.js";

/** Records that are here while the key to them is not: one problem for all of them, with what opens them still. */
export function lostKey(
  core: VaultCore,
  local: readonly LocalEntry[],
  slots: readonly Slot[],
): KeysealError | undefined {
  const mine = local.filter(({ storage }) => storage === "browser");
  const lost = mine.filter(({ damaged }) => damaged === "vault_key_lost").length;
  const ways = core.locked && core.deviceLost ? waysIn(slots, false) : "";
  const count = lost || (ways ? mine.length : 0);
  if (count === 0) return undefined;
  return new KeysealError(
    "vault_key_lost",
    `What opens ${count} ${count === 1 ? "entry" : "entries"} is not in this browser any more.`,
    { next: ways ? `Unlock with ${ways}, or enter them again.` : "Enter them again." },
  );
}
