// Amounts, counts and days as a person reads them. Days of usage are UTC.

const dollars = (most: number, least = 2) =>
  new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: least,
    maximumFractionDigits: most,
  });
const CENTS = dollars(2);
const PARTS = dollars(6);
const WHOLE = dollars(0, 0);
const COUNT = new Intl.NumberFormat("en-US");
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** Dollars; what is less than a cent is not nothing. */
export function money(usd: number): string {
  if (usd > 0 && usd < 0.01) return PARTS.format(usd);
  return CENTS.format(usd);
}

/** Dollars beside an axis. */
export function axisMoney(usd: number): string {
  return usd >= 10 || usd === 0 ? WHOLE.format(usd) : money(usd);
}

export function count(n: number): string {
  return COUNT.format(n);
}

/** Large numbers, short: 1.2M. */
export function short(n: number): string {
  return n < 10_000 ? COUNT.format(n) : SHORT.format(n);
}

function dated(day: string, form: Intl.DateTimeFormatOptions): string {
  return new Date(day).toLocaleDateString("en-GB", { ...form, timeZone: "UTC" });
}

/** A day as "3 Nov". */
export function shortDay(day: string): string {
  return dated(day, { day: "numeric", month: "short" });
}

/** A day as "3 Nov 2026". */
export function wholeDay(day: string): string {
  return dated(day, { day: "numeric", month: "short", year: "numeric" });
}
