import { css, html, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { KeysealError } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { sectionCard } from "./section-card.js";

const WORDS = strings.envelopes;

/** Whether the companion may open a browser-only key for one request, where the relay cannot carry it. */
export class Envelopes extends VaultElement {
  @state() private error: KeysealError | undefined;

  protected override render(): TemplateResult {
    return html`
      <h2 id="envelopes">${WORDS.title}</h2>
      <div class="card">
        <p class="about">${WORDS.text}</p>
        <label>
          <input
            type="checkbox"
            role="switch"
            aria-describedby="consequence"
            .checked=${live(this.vault.allowsEnvelope)}
            @change=${this.#choose}
          />
          <span>${WORDS.allow(this.companionHost())}</span>
        </label>
        <p id="consequence" class="quiet">${WORDS.consequence}</p>
        ${problem(this.error)}
      </div>
    `;
  }

  readonly #choose = (event: Event): void => {
    this.error = undefined;
    try {
      this.vault.allowsEnvelope = (event.target as HTMLInputElement).checked;
    } catch (thrown) {
      this.error = this.failure(thrown);
    }
  };

  static override styles = [
    controls,
    sectionCard,
    css`
      label {
        display: flex;
        align-items: center;
        gap: var(--ks-3);
        min-height: 2.75rem;
        font-weight: 500;
      }

      input {
        flex: none;
        width: 1.125rem;
        height: 1.125rem;
        margin: 0;
        accent-color: var(--ks-accent);
      }
    `,
  ];
}

define("keyseal-envelopes", Envelopes);
