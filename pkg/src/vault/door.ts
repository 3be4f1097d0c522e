import type { Parts } from "./parts.js";
import type { Vault } from "./vault.js";

/** What of a vault `inside.ts` works with. */
export interface Behind
  extends Pick<
    Parts,
    "core" | "companion" | "exclusive" | "latch" | "pinned" | "slots" | "changed"
  > {
  /** Told when keys have come to this browser. */
  taken(): void;
}

const doors = new WeakMap<Vault, Behind>();

/** For the vault itself, when it is made. What is done behind the door comes with the elements, not with it. */
export function fitDoor(vault: Vault, behind: Behind): void {
  doors.set(vault, behind);
}

/** For `insideOf`. */
export function behindDoor(vault: Vault): Behind | undefined {
  return doors.get(vault);
}
