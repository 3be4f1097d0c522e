/** Remembers, for each page that holds the frame, whose keys it was last opened for: as a hash, never in the open. */
export class Accounts {
  readonly #name: string;

  constructor(parent: string) {
    this.#name = `keyseal.frame.${parent}`;
  }

  /** Whether somebody else's account was open here before. A first one is not another. */
  async isOther(sub: string): Promise<boolean> {
    const known = this.#read();
    return known !== null && known !== (await hash(sub));
  }

  async remember(sub: string): Promise<void> {
    const value = await hash(sub);
    try {
      localStorage.setItem(this.#name, value);
    } catch {
      // Storage is refused: an account is then known as long as the frame is open.
    }
  }

  #read(): string | null {
    try {
      return localStorage.getItem(this.#name);
    } catch {
      return null;
    }
  }
}

async function hash(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
