import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import type { Guessed } from "./guess.js";
import { LEAST_CHARACTERS } from "./least.js";

const WORDS = strings.strength;
/** Whoever types goes on typing. */
const PAUSE_MS = 150;

/** How hard a new passphrase is to guess: a bar, and the same in words. */
export class Strength extends LitElement {
  @property({ attribute: false }) passphrase = "";
  @state() private guessed: Guessed | undefined;

  #timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("passphrase")) return;
    clearTimeout(this.#timer);
    if (this.passphrase === "") this.guessed = undefined;
    else this.#timer = setTimeout(() => void this.#measure(), PAUSE_MS);
  }

  async #measure(): Promise<void> {
    // Lists of much used passwords are large: they come when they are needed.
    const { guess } = await import("./guess.js");
    this.guessed = this.passphrase === "" ? undefined : guess(this.passphrase);
  }

  protected override render(): TemplateResult {
    const { guessed } = this;
    const warnings: Readonly<Record<string, string>> = WORDS.warnings;
    const warning = guessed && guessed.score < 3 ? warnings[guessed.warning] : undefined;
    const words = guessed
      ? [...this.passphrase].length < LEAST_CHARACTERS
        ? WORDS.short
        : WORDS.scores[guessed.score]
      : this.passphrase
        ? WORDS.reading
        : WORDS.empty;
    return html`
      <div class="bar s${guessed?.score ?? nothing}" aria-hidden="true"><i></i><i></i><i></i><i></i></div>
      <p role="status"><span class="hidden">${WORDS.label}: </span>${words}${warning ? html`. ${warning}` : nothing}</p>
    `;
  }

  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: var(--ks-1);
      }

      .bar {
        display: grid;
        grid-template-columns: repeat(4, 1fr);
        gap: 3px;
      }

      i {
        height: 4px;
        border-radius: 2px;
        background: var(--ks-border);
      }

      .s0 i:nth-child(-n + 1),
      .s1 i:nth-child(-n + 1) {
        background: var(--ks-bad);
      }

      .s2 i:nth-child(-n + 2) {
        background: var(--ks-warn);
      }

      .s3 i:nth-child(-n + 3),
      .s4 i {
        background: var(--ks-ok);
      }

      /* Two lines are kept free, so that nothing moves while somebody types. */
      p {
        min-height: calc(2em * var(--ks-line));
        color: var(--ks-ink-2);
      }

      @media (forced-colors: active) {
        .s0 i:nth-child(-n + 1),
        .s1 i:nth-child(-n + 1),
        .s2 i:nth-child(-n + 2),
        .s3 i:nth-child(-n + 3),
        .s4 i {
          background: CanvasText;
        }
      }
    `,
  ];
}

define("keyseal-strength", Strength);
