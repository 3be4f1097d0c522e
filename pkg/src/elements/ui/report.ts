import { css } from "lit";
import { state } from "lit/decorators.js";
import type { KeysealError } from "../../index.js";
import { VaultElement } from "./vault-element.js";

/** A view of what the companion tells when asked. What failed is asked for again once the browser is back online. */
export abstract class ReportElement extends VaultElement {
  @state() protected error: KeysealError | undefined;
  @state() protected loading = false;

  #asked = 0;

  /** @internal */
  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("online", this.#again);
  }

  /** @internal */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("online", this.#again);
  }

  /** Asks for what the view shows. */
  protected abstract load(): Promise<void>;

  /** Asks, and shows the answer unless something else has been asked for meanwhile. */
  protected async ask<T>(question: () => Promise<T>, show: (answer: T) => void): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.loading = true;
    this.error = undefined;
    try {
      const answer = await question();
      if (asked === this.#asked) show(answer);
    } catch (thrown) {
      if (asked === this.#asked) this.error = this.failure(thrown);
    } finally {
      if (asked === this.#asked) this.loading = false;
    }
  }

  readonly #again = (): void => {
    if (this.error) void this.load();
  };
}

/** What looks alike in reports: nothing to show, and what failed. */
export const reportStyles = css`
  .empty {
    display: grid;
    justify-items: center;
    gap: var(--ks-3);
    padding: var(--ks-12) var(--ks-5);
    text-align: center;
  }

  .empty p {
    max-width: 30rem;
    color: var(--ks-ink-2);
  }

  .failed {
    display: grid;
    justify-items: start;
    gap: var(--ks-2);
    margin-bottom: var(--ks-4);
  }

  .failed .problem {
    width: 100%;
  }
`;
