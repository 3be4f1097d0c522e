import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import type { KeysealError, Vault } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { day, hostOf } from "../ui/format.js";
import { problem } from "../ui/vault-element.js";
import { ByHand } from "./by-hand.js";
import { printSheet } from "./print.js";

const WORDS = strings.recoverySheet;

/** A recovery code, shown once. It opens nothing before the person says that it is kept. */
export class RecoverySheet extends LitElement {
  @property({ attribute: false }) code = "";
  @property({ attribute: false }) vault!: Vault;
  /** Why it could not be kept. */
  @property({ attribute: false }) error: KeysealError | undefined;
  @state() private copied = false;
  @state() private asked = false;
  @query("input") private kept!: HTMLInputElement;
  @query(".code") private shown!: HTMLElement;
  readonly #byHand = new ByHand(this, ".primary");

  override focus(): void {
    this.shown.focus();
  }

  protected override firstUpdated(): void {
    this.shown.focus();
  }

  protected override render(): TemplateResult {
    return html`
      <div class="sheet">
        <h2>${WORDS.title}</h2>
        <p>${WORDS.once}</p>
        <p class="code mono" tabindex="-1">${this.#groups().map((group) => html`<span>${group}</span> `)}</p>
        <p class="quiet">${this.#opens()}</p>
        <div class="buttons">
          <button class="button" type="button" @click=${this.#print}>${WORDS.print}</button>
          <button class="button" type="button" @click=${this.#copy}>${WORDS.copy}</button>
          <span class="quiet" role="status">${this.copied ? WORDS.copied : ""}</span>
        </div>
        <label class="kept">
          <input
            type="checkbox"
            @change=${() => {
              this.asked = false;
            }}
          />
          ${WORDS.kept}
        </label>
        ${this.asked ? html`<p class="first" role="alert">${WORDS.first}</p>` : nothing}
        ${problem(this.error)}
        <div class="foot">
          <button class="button" type="button" @click=${() => this.dispatchEvent(new Event("discard"))}>
            ${WORDS.discard}
          </button>
          <button class="button primary" type="button" @click=${this.#done}>${WORDS.done}</button>
        </div>
      </div>
    `;
  }

  #groups(): string[] {
    return this.code.split(/[\s-]+/);
  }

  #opens(): string {
    const { companion, sub } = this.vault;
    return WORDS.opens(companion ? hostOf(companion.url) : "", sub);
  }

  readonly #print = (): void => {
    printSheet(this.renderRoot, {
      title: WORDS.heading,
      code: this.#groups(),
      lines: [this.#opens(), WORDS.made(day(new Date().toISOString())), WORDS.how],
    });
  };

  readonly #copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(this.code);
    this.copied = true;
  };

  readonly #done = (): void => {
    if (!this.#byHand.taken()) return;
    if (this.kept.checked) this.dispatchEvent(new Event("done"));
    else {
      this.asked = true;
      this.kept.focus();
    }
  };

  static override styles = [
    controls,
    css`
      .sheet {
        display: grid;
        gap: var(--ks-4);
        padding: var(--ks-6);
      }

      .code {
        display: grid;
        grid-template-columns: repeat(4, max-content);
        justify-content: center;
        gap: var(--ks-3) var(--ks-5);
        padding: var(--ks-5);
        border: 1px dashed var(--ks-border-strong);
        border-radius: var(--ks-radius);
        background: var(--ks-sunken);
        font-size: 1.25rem;
        letter-spacing: 0.05em;
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--ks-2);
      }

      .kept {
        display: flex;
        align-items: center;
        gap: var(--ks-2);
        cursor: pointer;
      }

      .kept input {
        width: 1rem;
        height: 1rem;
        accent-color: var(--ks-accent);
      }

      .first {
        color: var(--ks-bad);
      }

      .foot {
        display: flex;
        justify-content: flex-end;
        gap: var(--ks-3);
      }

      @media (max-width: 40rem) {
        .sheet {
          padding: var(--ks-4);
        }

        .code {
          gap: var(--ks-3);
          padding: var(--ks-4) var(--ks-2);
          font-size: 1.0625rem;
        }
      }
    `,
  ];
}

define("keyseal-recovery-sheet", RecoverySheet);
