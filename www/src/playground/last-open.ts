const OPEN = "keyseal-playground.open";

/** The conversation that this tab showed before it was reloaded. */
export function lastOpen(): string | undefined {
  try {
    return sessionStorage.getItem(OPEN) ?? undefined;
  } catch {
    // A browser that stores nothing.
    return undefined;
  }
}

/** Notes which conversation is open, for a reload. */
export function keepOpen(id: string | undefined): void {
  try {
    if (id) sessionStorage.setItem(OPEN, id);
    else sessionStorage.removeItem(OPEN);
  } catch {
    // Then a reload begins a new chat.
  }
}
