const KEPT_AS = "keyseal.theme";
const THEMES = ["auto", "light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

/** The theme chosen in this browser. */
export function theme(): Theme {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return THEMES.find((name) => name === kept) ?? "auto";
  } catch {
    return "auto";
  }
}

/** Shows a theme; the tokens follow the attribute. */
export function applyTheme(chosen: Theme): void {
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** Goes on to the next theme and keeps it. */
export function nextTheme(current: Theme): Theme {
  const next = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? "auto";
  applyTheme(next);
  try {
    localStorage.setItem(KEPT_AS, next);
  } catch {
    // Not kept: only looks.
  }
  return next;
}
