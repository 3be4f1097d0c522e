import type { UnlockWith } from "./arguments.js";
import { behindDoor } from "./door.js";
import type { Vault } from "./vault.js";
import { Ways } from "./ways.js";

/** A slot that stays when the vault key changes. Only with its secret can it open the new one; the device needs none. */
export interface KeptSlot {
  slot: string;
  with?: UnlockWith;
  /** For a passphrase: the one that takes its place. */
  newPassphrase?: string;
}

/** An export, and the ids of the entries that do not open here and so are not in it. */
export interface Exported {
  file: string;
  leftOut: readonly string[];
}

/** What became of one entry of an export: taken; here already with the same key or a newer one; or not readable. */
export interface Imported {
  id: string;
  result: "taken" | "known" | "refused";
}

/**
 * What only the package's own elements do with a vault: change the ways to unlock it, carry its keys away, and say
 * what may cost money.
 *
 * A new way in, an export, and taking a way away or changing it need one of those that are there at that moment
 * (`proof`), where there is one besides the device's own: that the vault is unlocked is not enough. Wrong secrets
 * count as attempts.
 */
export interface Inside {
  addDevice(proof?: UnlockWith): Promise<void>;
  addPassphrase(passphrase: string, proof?: UnlockWith): Promise<void>;
  /** The browser asks for the passkey; `name` stands beside it in the person's list. */
  addPasskey(name: string, proof?: UnlockWith): Promise<void>;
  /** Gives a code, to be shown once. It opens nothing before `keepRecoveryCode`. */
  makeRecoveryCode(proof?: UnlockWith): Promise<string>;
  /** Adds the code that was made last: the person has said that it is kept. */
  keepRecoveryCode(): Promise<void>;
  /**
   * Makes a new vault key, encrypts all entries anew, and keeps exactly the slots named: how one is removed, and how
   * a passphrase is changed. The secret of a slot that stays as it is counts as proof.
   */
  keepSlots(kept: readonly KeptSlot[], proof?: UnlockWith): Promise<void>;
  /** All browser-only entries as a file that `passphrase` opens. */
  exportEntries(proof: UnlockWith, passphrase: string): Promise<Exported>;
  importEntries(file: string, passphrase: string): Promise<readonly Imported[]>;
  /**
   * Pins the identity that the companion has now, if its fingerprint is this one: for a person who has it from the
   * operator, over another channel.
   */
  trustIdentity(fingerprint: string): Promise<void>;
  /** The providers for which the person lets the operator's own key serve where none of theirs can. */
  platformAllowed(): Promise<ReadonlySet<string>>;
  /** Gives that permission, or takes it back; what stands afterwards. */
  allowPlatform(provider: string, allowed: boolean): Promise<ReadonlySet<string>>;
}

const insides = new WeakMap<Vault, Inside>();

/**
 * The door that `keyseal/elements` goes through. It is no function of the vault and stands in no entry point of the
 * package, so that a script which merely holds a vault does not hold this too.
 */
export function insideOf(vault: Vault): Inside {
  const behind = behindDoor(vault);
  const inside = insides.get(vault) ?? (behind && new Ways(behind));
  if (!inside) throw new TypeError("This is not a vault that Vault.open gave.");
  insides.set(vault, inside);
  return inside;
}

/** For what stands in for a vault. */
export function fitInside(vault: Vault, inside: Inside): void {
  insides.set(vault, inside);
}
