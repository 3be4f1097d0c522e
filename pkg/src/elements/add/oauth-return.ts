// Back from a provider that gives a key by sign-in. The person leaves the page for that: what was chosen before
// waits in the tab.

import { finishOAuth, isOAuthReturn, withoutOAuth } from "../../oauth/index.js";
import type { Entry, Storage } from "../../types.js";
import type { Vault } from "../../vault/vault.js";

const KEPT_AS = "keyseal.oauth.wishes";

/** Where the key shall live, and what it is called. */
export interface Wishes {
  provider: string;
  storage: Storage;
  label: string;
}

/** Keeps them for the way back. */
export function keepWishes(wishes: Wishes): void {
  sessionStorage.setItem(KEPT_AS, JSON.stringify(wishes));
}

/**
 * If the person has just come back: takes the code out of the address bar, and fetches and seals the key. A code is
 * good once, so this begins only once.
 */
export function comingBack(vault: Vault): { wishes: Wishes; coming: Promise<Entry> } | undefined {
  const url = location.href;
  if (!isOAuthReturn(url)) return undefined;
  history.replaceState(history.state, "", withoutOAuth(url));
  const wishes = takenWishes();
  const { storage, label } = wishes;
  return { wishes, coming: finishOAuth(vault, url, { storage, ...(label ? { label } : {}) }) };
}

function takenWishes(): Wishes {
  const kept = sessionStorage.getItem(KEPT_AS);
  sessionStorage.removeItem(KEPT_AS);
  try {
    const { provider, storage, label } = JSON.parse(kept ?? "{}") as Partial<Wishes>;
    return {
      provider: String(provider ?? ""),
      storage: storage === "browser" ? "browser" : "synced",
      label: String(label ?? ""),
    };
  } catch {
    return { provider: "", storage: "synced", label: "" };
  }
}
