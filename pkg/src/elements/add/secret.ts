const MAX_BYTES = 8 * 1024;
const encoder = new TextEncoder();

/** Whether a byte of UTF-8 begins a character. */
const begins = (byte: number) => (byte & 0xc0) !== 0x80;

/**
 * What has been pasted or typed and not been sealed yet: bytes that are overwritten when they are not needed any
 * more, which a string cannot be.
 */
export class Secret {
  #bytes = new Uint8Array(0);

  /** In characters, of which the field shows one dot each. */
  get length(): number {
    let count = 0;
    for (const byte of this.#bytes) if (begins(byte)) count += 1;
    return count;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** Puts a text in the place of the characters from `start` to `end`. Beyond 8 KB, which no key reaches, it is cut. */
  splice(start: number, end: number, text: string): void {
    const old = this.#bytes;
    const [from, to] = [this.#offset(start), this.#offset(end)];
    const inserted = encoder.encode(text);
    const size = Math.min(old.length - (to - from) + inserted.length, MAX_BYTES);
    const bytes = new Uint8Array(size);
    bytes.set(old.subarray(0, from));
    bytes.set(inserted.subarray(0, size - from), from);
    const after = from + inserted.length;
    if (after < size) bytes.set(old.subarray(to, to + size - after), after);
    old.fill(0);
    inserted.fill(0);
    this.#bytes = bytes;
  }

  /** A copy, for a call that wipes what it is given, or only looks at it. The caller wipes it if the call does not. */
  copy(): Uint8Array {
    return this.#bytes.slice();
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#bytes = new Uint8Array(0);
  }

  #offset(character: number): number {
    let left = character;
    for (let at = 0; at < this.#bytes.length; at += 1) {
      if (begins(this.#bytes[at] as number)) {
        if (left === 0) return at;
        left -= 1;
      }
    }
    return this.#bytes.length;
  }
}
