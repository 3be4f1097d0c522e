import { KeysealError } from "../errors.js";

/**
 * The `sub` that a JWT names, unverified: only good for finding the caller's own vault while the companion is away.
 * Throws `otherwise` if the token is not a JWT.
 */
export function subjectOf(token: string, otherwise: unknown): string {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    if (typeof sub === "string" && sub !== "") return sub;
  } catch {
    // Not a JWT: then there is no telling whose vault it is.
  }
  throw KeysealError.from(otherwise);
}
