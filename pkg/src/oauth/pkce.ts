/** RFC 7636: 32 random bytes, and what may be known of them beforehand. */

export function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Section 4.2, `S256`. */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(digest));
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
