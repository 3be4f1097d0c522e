import { css, html, nothing, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import type { KeysealError } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { icons } from "../ui/icons.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { sectionCard } from "./section-card.js";

const WORDS = strings.autoLock;
const MINUTES = [5, 15, 60, 240] as const;

/** When this browser's vault locks itself, and a button that does it now. */
export class AutoLock extends VaultElement {
  @state() private error: KeysealError | undefined;

  protected override render(): TemplateResult {
    const { slots } = this.vault;
    return html`
      <h2 id="locking">${WORDS.title}</h2>
      <div class="card">
        <div class="row">
          <label class="field">
            <span class="name">${WORDS.autoLock}</span>
            <select class="input" @change=${this.#choose}>
              ${this.#choices().map(
                (minutes) => html`<option
                  value=${minutes ?? ""}
                  ?selected=${minutes === this.vault.autoLockMinutes}
                >
                  ${minutes === null ? WORDS.never : WORDS.after(minutes)}
                </option>`,
              )}
            </select>
            <span class="help">${WORDS.help}</span>
          </label>
          ${
            slots.length
              ? html`<button
                class="button"
                type="button"
                ?disabled=${!this.vault.unlocked}
                @click=${() => this.vault.lock()}
              >
                ${icons.seal}${WORDS.lockNow}
              </button>`
              : nothing
          }
        </div>
        ${this.vault.unlocked || !slots.length ? nothing : html`<p role="status">${WORDS.locked}</p>`}
        ${problem(this.error)}
        ${this.vault.durable === false && this.vault.persistent && slots.length ? html`<p class="quiet">${WORDS.notDurable}</p>` : nothing}
      </div>
    `;
  }

  /** The usual ones, and the one that an app chose. */
  #choices(): (number | null)[] {
    const chosen = this.vault.autoLockMinutes;
    const others = chosen === null || MINUTES.some((one) => one === chosen) ? [] : [chosen];
    return [null, ...[...MINUTES, ...others].sort((a, b) => a - b)];
  }

  readonly #choose = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    this.error = undefined;
    try {
      this.vault.autoLockMinutes = value ? Number(value) : null;
    } catch (thrown) {
      this.error = this.failure(thrown);
    }
  };

  static override styles = [
    controls,
    sectionCard,
    css`
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        justify-content: space-between;
        gap: var(--ks-4);
      }

      .row .button {
        margin-top: 1.5rem;
      }

      .field {
        flex: 0 1 26rem;
      }

      @media (max-width: 40rem) {
        .row .button {
          margin-top: 0;
        }

        .field {
          flex-basis: 100%;
        }
      }
    `,
  ];
}

define("keyseal-auto-lock", AutoLock);
