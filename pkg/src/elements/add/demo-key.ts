import type { Vault } from "../../index.js";
import { COMPANIONS_OWN } from "../../vault/relayed.js";

const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH = 24;

/** Whether the companion runs with its built-in provider, which takes any `demo-…` key. */
export function offersDemo(vault: Vault): boolean {
  return vault.providers.some(({ id }) => id === COMPANIONS_OWN);
}

/** A fresh key for the demo provider. It opens nothing anywhere else. */
export function demoKey(): string {
  const random = crypto.getRandomValues(new Uint8Array(LENGTH));
  return `demo-${[...random].map((byte) => ALPHABET[byte % ALPHABET.length]).join("")}`;
}
