import type { LitElement } from "lit";

const SHOWN_MS = 1600;

/** Copies text to the clipboard, and says for a moment that it did. */
export class Copying {
  done = false;
  readonly #host: LitElement;

  constructor(host: LitElement) {
    this.#host = host;
  }

  async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // The browser does not let the page write there: the text can still be marked.
      return;
    }
    this.#show(true);
    setTimeout(() => this.#show(false), SHOWN_MS);
  }

  #show(done: boolean): void {
    this.done = done;
    this.#host.requestUpdate();
  }
}
