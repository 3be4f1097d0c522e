// Local mode: the companion prints a link that carries a one-time code in the fragment. It is exchanged for a token
// that lives as long as the tabs that have it.

import { askOtherTabs } from "./other-tabs.js";

const KEPT_AS = "keyseal.token";

export type SignIn =
  | { state: "in"; token: string }
  | { state: "none" }
  | { state: "used" }
  | { state: "away"; link: string };

/** Signs in by a link, or with the token that this tab or another has already. */
export async function signIn(link: string | undefined): Promise<SignIn> {
  if (!link) return (await known()) ?? { state: "none" };
  let response: Response;
  try {
    response = await fetch("/api/v1/local/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ link }),
      credentials: "omit",
      cache: "no-store",
    });
  } catch {
    return { state: "away", link };
  }
  if (response.status >= 500) return { state: "away", link };
  if (!response.ok) return (await known()) ?? { state: "used" };
  const { token } = (await response.json()) as { token: string };
  keepToken(token);
  return { state: "in", token };
}

/** Forgets the tab's token. */
export function signOut(): void {
  keepToken(undefined);
}

async function known(): Promise<SignIn | undefined> {
  const kept = keptToken();
  if (kept) return { state: "in", token: kept };
  const token = await askOtherTabs();
  if (!token) return undefined;
  keepToken(token);
  return { state: "in", token };
}

function keptToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEPT_AS) ?? undefined;
  } catch {
    return undefined;
  }
}

function keepToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEPT_AS);
    else sessionStorage.setItem(KEPT_AS, token);
  } catch {
    // Storage is blocked: the sign-in then lasts until the page is reloaded.
  }
}
