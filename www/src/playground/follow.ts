/** Nearer to the end than this, the reader is at the end. */
const NEAR_PX = 64;

/** Keeps the end of the page in view while an answer comes, unless the reader has gone to look at something else. */
export class Follow {
  /** Whether the reader is at the end. */
  atEnd = true;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  start(): void {
    window.addEventListener("scroll", this.#scrolled, { passive: true });
  }

  stop(): void {
    window.removeEventListener("scroll", this.#scrolled);
  }

  /** The page has grown. */
  grown(): void {
    if (this.atEnd) this.toEnd();
  }

  toEnd(): void {
    this.#note(true);
    window.scrollTo(0, document.documentElement.scrollHeight);
  }

  readonly #scrolled = () => {
    const below = document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
    this.#note(below < NEAR_PX);
  };

  #note(atEnd: boolean): void {
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    this.#changed();
  }
}
