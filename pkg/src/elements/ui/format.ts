const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in the shortest words. */
export function ago(date: string, now = Date.now()): string {
  const past = now - Date.parse(date);
  if (!Number.isFinite(past)) return "";
  if (past < MINUTE) return "just now";
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  if (past < 14 * DAY) return `${Math.floor(past / DAY)} d ago`;
  return day(date);
}

/** A day, as "3 Nov 2026". */
export function day(date: string): string {
  return new Date(date).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}

/** Date and time in full, for tooltips. */
export function full(date: string): string {
  return new Date(date).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** Host and port of an address, as a person names a server. */
export function hostOf(url: string): string {
  return new URL(url).host;
}
