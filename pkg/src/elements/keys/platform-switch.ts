import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { KeysealError } from "../../errors.js";
import { insideOf } from "../../vault/inside.js";
import { define } from "../define.js";
import { emit } from "../events.js";
import * as strings from "../strings.js";
import "../ui/confirm-dialog.js";
import type { ConfirmDialog } from "../ui/confirm-dialog.js";
import { controls } from "../ui/controls.js";
import { problem, VaultElement } from "../ui/vault-element.js";

const WORDS = strings.platform;

/** Whether the operator's own key may serve where none of the person's can: a person's word, never a script's. */
export class PlatformSwitch extends VaultElement {
  @property() provider = "";
  @property() name = "";
  @state() private allowed: boolean | undefined;
  @state() private error: KeysealError | undefined;
  @state() private said = "";
  @query("keyseal-confirm") private confirm!: ConfirmDialog;

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    if (changed.has("vault")) void this.#look();
  }

  async #look(): Promise<void> {
    try {
      const allowed = await insideOf(this.vault).platformAllowed();
      this.allowed = allowed.has(this.provider);
    } catch {
      // Not known: nothing to choose, and the list says already that the companion is away.
      this.allowed = undefined;
    }
  }

  protected override render(): TemplateResult {
    return html`
      <label>
        <span class="quiet" aria-hidden="true">${WORDS.shown}</span>
        <select
          class="input"
          aria-label=${WORDS.label(this.name)}
          ?disabled=${this.allowed === undefined}
          .value=${live(this.allowed ? "on" : "off")}
          @change=${this.#choose}
        >
          <option value="off">${WORDS.off}</option>
          <option value="on">${WORDS.on}</option>
        </select>
      </label>
      ${this.error ? problem(this.error) : nothing}
      <p class="hidden" role="status">${this.said}</p>
      <keyseal-confirm></keyseal-confirm>
    `;
  }

  readonly #choose = async (event: Event): Promise<void> => {
    const wanted = (event.target as HTMLSelectElement).value === "on";
    if (wanted && !(await this.#agreed())) {
      this.requestUpdate();
      return;
    }
    this.error = undefined;
    try {
      const allowed = await insideOf(this.vault).allowPlatform(this.provider, wanted);
      this.allowed = allowed.has(this.provider);
      this.said = this.allowed ? WORDS.allowed(this.name) : WORDS.refused(this.name);
      emit(this, "keyseal-changed", { what: "platform", provider: this.provider });
    } catch (thrown) {
      this.error = this.failure(thrown);
    }
  };

  #agreed(): Promise<boolean> {
    return this.confirm.ask({
      title: WORDS.title(this.name),
      body: html`<p>${WORDS.body}</p>`,
      confirm: WORDS.confirm,
      cancel: WORDS.cancel,
      kind: "primary",
    });
  }

  static override styles = [
    controls,
    css`
      label {
        display: flex;
        align-items: center;
        gap: var(--ks-2);
      }

      .input {
        width: auto;
        min-height: 1.75rem;
        padding: 0 var(--ks-1) 0 var(--ks-2);
        border-color: var(--ks-border);
        font-size: var(--ks-text);
      }

      @media (pointer: coarse) {
        .input {
          min-height: 2.75rem;
        }
      }
    `,
  ];
}

define("keyseal-platform", PlatformSwitch);
