import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { Category, ProviderInfo } from "../../types.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { icons } from "../ui/icons.js";

const WORDS = strings.wizard;
const CATEGORIES: readonly Category[] = ["llm", "image", "video", "audio", "research"];

/** The provider that was chosen in the wizard. */
export class ProviderChosen extends Event {
  constructor(readonly provider: string) {
    super("provider-chosen");
  }
}

/** The other way in, for who has no key yet: what for, then whose; the key is pasted in the third step. */
export class AddWizard extends LitElement {
  @property({ attribute: false }) providers: readonly ProviderInfo[] = [];
  @state() private category: Category | undefined;

  protected override render(): TemplateResult {
    const at = this.category ? 1 : 0;
    return html`
      <ol class="trail" aria-label=${WORDS.trail}>
        ${WORDS.steps.map(
          (step, index) =>
            html`<li
              class=${index < at ? "done" : ""}
              aria-current=${index === at ? "step" : nothing}
            ><span class="number">${index < at ? icons.check : index + 1}</span>${step}</li>`,
        )}
      </ol>
      ${this.category ? this.#names(this.category) : this.#categories()}
      <div class="dialog-foot">
        <button
          class="button"
          type="button"
          @click=${() => {
            if (this.category) this.#enter(undefined);
            else this.dispatchEvent(new Event("wizard-left"));
          }}
        >
          ${this.category ? WORDS.back : WORDS.paste}
        </button>
      </div>
    `;
  }

  #categories(): TemplateResult {
    const known = CATEGORIES.filter((category) => this.#of(category).length > 0);
    return html`
      <h3 tabindex="-1">${WORDS.what}</h3>
      <ul class="choices">
        ${known.map(
          (category) => html`<li>
            <button class="choice" type="button" @click=${() => this.#enter(category)}>
              <strong>${WORDS.categories[category].name}</strong>
              <span>${WORDS.categories[category].text}</span>
              <span class="quiet">${WORDS.count(this.#of(category).length)}</span>
            </button>
          </li>`,
        )}
      </ul>
    `;
  }

  #names(category: Category): TemplateResult {
    return html`
      <h3 tabindex="-1">${WORDS.whose(WORDS.categories[category].name)}</h3>
      <ul class="names">
        ${this.#of(category).map(
          ({ id, name, dashboard }) => html`<li>
            <button
              class="button"
              type="button"
              @click=${() => this.dispatchEvent(new ProviderChosen(id))}
            >
              ${name}
            </button>
            ${
              dashboard
                ? html`<a
                  class="icon-button"
                  href=${dashboard}
                  target="_blank"
                  rel="noopener noreferrer"
                  aria-label=${strings.add.whereToGet(name)}
                  title=${strings.add.whereToGet(name)}
                >${icons.out}</a>`
                : nothing
            }
          </li>`,
        )}
      </ul>
    `;
  }

  #of(category: Category): ProviderInfo[] {
    return this.providers.filter(({ categories }) => categories.includes(category));
  }

  async #enter(category: Category | undefined): Promise<void> {
    this.category = category;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("h3")?.focus();
  }

  override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>("h3")?.focus();
  }

  static override styles = [
    controls,
    css`
      .trail {
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-2) var(--ks-5);
        color: var(--ks-ink-3);
      }

      .trail li {
        display: flex;
        align-items: center;
        gap: var(--ks-2);
      }

      .trail [aria-current] {
        color: var(--ks-ink);
        font-weight: 500;
      }

      .number {
        display: grid;
        place-items: center;
        width: 1.375rem;
        height: 1.375rem;
        border-radius: 50%;
        background: var(--ks-quiet-soft);
        font-size: 0.75rem;
        font-weight: 600;
      }

      .trail .done .number {
        background: var(--ks-ok-soft);
        color: var(--ks-ok);
      }

      .trail [aria-current] .number {
        background: var(--ks-accent);
        color: var(--ks-on-accent);
      }

      h3 {
        font-size: var(--ks-text-large);
        font-weight: 600;
        outline: none;
      }

      .choices {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr));
        gap: var(--ks-3);
      }

      .choice {
        display: grid;
        align-content: start;
        gap: var(--ks-1);
        width: 100%;
        height: 100%;
        padding: var(--ks-3);
        border: 1px solid var(--ks-border);
        border-radius: var(--ks-radius);
        background: none;
        text-align: start;
        cursor: pointer;
        transition: border-color var(--ks-motion);
      }

      .choice:hover {
        border-color: var(--ks-border-strong);
        background: var(--ks-hover);
      }

      .choice strong {
        font-weight: 500;
      }

      .names {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
        gap: var(--ks-2);
        max-height: 22rem;
        padding: 3px;
        margin: -3px;
        overflow: auto;
      }

      .names li {
        display: flex;
        align-items: center;
      }

      .names .button {
        flex: 1;
        min-width: 0;
        justify-content: start;
        box-shadow: none;
        white-space: normal;
        text-align: start;
      }

      .dialog-foot {
        display: flex;
        justify-content: flex-end;
      }
    `,
  ];
}

define("keyseal-add-wizard", AddWizard);
