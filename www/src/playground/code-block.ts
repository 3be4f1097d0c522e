import { controls, icons } from "keyseal/elements/ui";
import { css, html, LitElement, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { strings } from "../strings.js";
import { Copying } from "./copying.js";

const WORDS = strings.playground;

/** Code out of an answer, with a button that copies it. */
export class CodeBlock extends LitElement {
  @property({ attribute: false }) text = "";
  @property({ attribute: false }) language = "";

  readonly #copying = new Copying(this);

  protected override render(): TemplateResult {
    // The language is the model's word; more than a word is none.
    const lang = /^[\w+#.-]{1,24}/.exec(this.language)?.[0] ?? "";
    return html`
      <div class="head">
        <span>${lang}</span>
        <button class="link" type="button" @click=${() => this.#copying.copy(this.text)}>
          ${this.#copying.done ? icons.check : ""} ${this.#copying.done ? WORDS.copied : WORDS.copyCode}
        </button>
      </div>
      <pre tabindex="0" role="group" aria-label=${WORDS.code(lang)}><code>${this.text}</code></pre>
    `;
  }

  static override styles = [
    controls,
    css`
      :host {
        overflow: hidden;
        border: 1px solid var(--ks-border);
        border-radius: var(--ks-radius);
        background: var(--ks-sunken);
      }

      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        min-height: 2rem;
        padding: 0 var(--ks-3);
        color: var(--ks-ink-3);
        border-bottom: 1px solid var(--ks-border);
        background: var(--ks-surface);
      }

      .link {
        min-height: 2rem;
      }

      pre {
        padding: var(--ks-3);
        overflow: auto;
        font: 0.8125rem / 1.55 var(--ks-mono);
        tab-size: 4;
      }

      pre:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];
}

if (!customElements.get("keyseal-code")) customElements.define("keyseal-code", CodeBlock);
