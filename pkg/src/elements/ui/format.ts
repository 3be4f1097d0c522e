import type { Vault } from "../../vault/vault.js";

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

/** A day where its reader is, as date fields want it: "2026-11-03"; nothing for what is no date. */
export function dayOf(date: string): string {
  const at = new Date(date);
  if (Number.isNaN(at.getTime())) return "";
  const two = (part: number) => String(part).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** How long until then, in the shortest words: "4 min"; never less than a minute. */
export function until(date: string, now = Date.now()): string {
  const minutes = Math.max(1, Math.ceil((Date.parse(date) - now) / MINUTE));
  return minutes < 60 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

/** An amount in US dollars. */
export function dollars(amount: number): string {
  return `$${amount.toFixed(amount > 0 && amount < 0.1 ? 4 : 2)}`;
}

/** Date and time in full, for tooltips. */
export function full(date: string): string {
  return new Date(date).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** Host and port of an address, as a person names a server. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

/** The companion that a vault belongs to, as a person names it. */
export function companionHostOf(vault: Vault): string {
  const [any] = vault.providers;
  return any ? hostOf(vault.baseURL(any.id)) : "";
}
