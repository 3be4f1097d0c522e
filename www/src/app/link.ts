/**
 * The one-time code of the link, if the page was opened by one. It leaves the address bar and the history at once:
 * whoever sees the screen later, or the history, must not find it.
 */
export function takeLink(): string | undefined {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  if (!link) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return link;
}

export const link = takeLink();
