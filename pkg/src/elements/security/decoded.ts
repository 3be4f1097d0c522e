/** A protected header found in a record, and where in it. */
export interface Header {
  /** The member that it was found in, such as `jwe` or `slots[1].wrapped`. */
  at: string;
  header: string;
}

/**
 * All protected headers in a record: the one part of a JWE that anybody can read (RFC 7516), in its compact form
 * (`eyJ….….….….…`) and in its JSON form (a member `protected`).
 */
export function headersIn(value: unknown, at = ""): Header[] {
  if (typeof value === "string") {
    const parts = value.split(".");
    const header = parts.length === 5 || parts.length === 3 ? decoded(parts[0]) : undefined;
    return header ? [{ at, header }] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = Array.isArray(value) ? `${at}[${name}]` : at ? `${at}.${name}` : name;
    if (name === "protected" && typeof inner === "string") {
      const header = decoded(inner);
      return header ? [{ at: place, header }] : [];
    }
    return headersIn(inner, place);
  });
}

/** A record's text as JSON, where it is some. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function decoded(part = ""): string | undefined {
  try {
    const text = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const header: unknown = JSON.parse(text);
    return typeof header === "object" && header !== null ? JSON.stringify(header) : undefined;
  } catch {
    return undefined;
  }
}
