import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { KeysealError } from "../errors.js";
import type { Entry, ProviderInfo, Storage } from "../types.js";
import { addStyles } from "./add/add-styles.js";
import { detected } from "./add/detected.js";
import { canClearClipboard, clearClipboard, PasteField } from "./add/paste-field.js";
import { define } from "./define.js";
import { emit } from "./events.js";
import * as strings from "./strings.js";
import { controls } from "./ui/controls.js";
import { icons } from "./ui/icons.js";
import { problem, VaultElement } from "./ui/vault-element.js";

const WORDS = strings.input;

/**
 * Only the field: a person pastes a key, and the app gets the masked entry (`keyseal-added`), never the key. In a
 * form its value is the id of that entry.
 *
 * Its looks are set by the same custom properties as those of `<keyseal-store>`. Parts: `label`, `field`, `button`,
 * `sealed`. Events: `keyseal-added`, `keyseal-failed`, `keyseal-signed-out`.
 *
 * @example
 * const input = document.querySelector("keyseal-input");
 * input.vault = vault;
 * input.addEventListener("keyseal-added", ({ detail }) => console.log(detail.entry.keyHint));
 */
export class KeysealInput extends VaultElement {
  /** It takes part in forms: its value, whether it is needed, whether it is disabled. */
  static readonly formAssociated = true;

  /** Id of the provider whose key is wanted. Without it the text decides, and the person where it cannot. */
  @property() provider = "";
  /** Where the key will live: `synced` or `browser`. */
  @property() storage: Storage = "synced";
  /** What the entry is called. */
  @property() label = "";
  /** A custom endpoint, where the provider has such. */
  @property() host = "";
  /** The field's name in a form. */
  @property({ reflect: true }) name = "";
  /** Whether a form waits for it. */
  @property({ type: Boolean, reflect: true }) required = false;
  /** Whether it takes nothing. */
  @property({ type: Boolean, reflect: true }) disabled = false;

  @state() private entry: Entry | undefined;
  @state() private chosen = "";
  @state() private busy = false;
  @state() private error: KeysealError | undefined;
  @state() private cleared = false;
  @state() private disabledByForm = false;
  @query("#key") private keyField!: HTMLInputElement | null;

  readonly #internals: ElementInternals | undefined =
    typeof this.attachInternals === "function" ? this.attachInternals() : undefined;
  readonly #key = new PasteField(this, () => {
    this.error = undefined;
  });

  /** Id of the entry that was added; empty before. */
  get value(): string {
    return this.entry?.id ?? "";
  }

  /** The form that it belongs to. */
  get form(): HTMLFormElement | null {
    return this.#internals?.form ?? null;
  }

  override focus(options?: FocusOptions): void {
    this.keyField?.focus(options);
  }

  /** Called by the form. */
  formResetCallback(): void {
    this.reset();
  }

  /** Called by the form, and by a fieldset around it. */
  formDisabledCallback(disabled: boolean): void {
    this.disabledByForm = disabled;
  }

  /** Empties the field. An entry that was added stays in the vault. */
  reset(): void {
    this.entry = undefined;
    this.chosen = "";
    this.error = undefined;
    this.cleared = false;
    this.#key.wipe();
  }

  /**
   * Seals and stores what is in the field, as its button does; the entry, or undefined where something is missing or
   * went wrong, which the element shows.
   *
   * @example
   * if (!(await input.seal())) return;
   */
  async seal(): Promise<Entry | undefined> {
    if (this.busy || this.entry) return this.entry;
    const missing = this.#missing();
    if (missing) {
      this.error = new KeysealError("validation", missing);
      this.focus();
      return undefined;
    }
    this.busy = true;
    this.error = undefined;
    try {
      const entry = await this.#key.used((key) =>
        this.vault.add(key, {
          provider: this.#provider(),
          storage: this.storage,
          ...(this.label ? { label: this.label } : {}),
          ...(this.host ? { host: this.host } : {}),
        }),
      );
      const { pasted } = this.#key;
      this.#key.wipe();
      this.#key.pasted = pasted;
      this.entry = entry;
      emit(this, "keyseal-added", { entry });
      return entry;
    } catch (thrown) {
      this.error = this.failure(thrown);
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    this.#internals?.setFormValue(this.entry?.id ?? null);
  }

  protected override updated(): void {
    const missing = this.required && !this.entry;
    if (missing && this.keyField) {
      this.#internals?.setValidity({ valueMissing: true }, strings.add.missingKey, this.keyField);
    } else {
      this.#internals?.setValidity({});
    }
  }

  protected override render(): TemplateResult {
    if (this.entry) return this.#sealed(this.entry);
    const off = this.disabled || this.disabledByForm;
    return html`
      ${problem(this.error ?? this.#key.error)}
      <div class="field">
        <label class="name" part="label" for="key"><slot name="label">${WORDS.label}</slot></label>
        <div class="line" @keydown=${this.#byKey}>
          ${this.#key.render({ describedBy: "detected", disabled: off || !this.vault })}
          <button
            class="button primary"
            part="button"
            type="button"
            ?disabled=${off || !this.vault}
            aria-disabled=${this.busy ? "true" : nothing}
            @click=${() => this.seal()}
          >
            ${this.busy ? html`<span class="spinner"></span>` : icons.seal}${WORDS.seal}
          </button>
        </div>
        <div id="detected" class="detected" aria-live="polite">
          ${
            this.#key.isEmpty
              ? html`<span class="help">${strings.add.pasteHelp}</span>`
              : detected(this.#key, this.provider || this.chosen, (id) => this.providerName(id))
          }
        </div>
      </div>
      ${this.#asksProvider() ? this.#providerField() : nothing}
    `;
  }

  /** Only where neither the app nor the text says whose key it is. */
  #asksProvider(): boolean {
    if (!this.vault || this.provider || this.#key.isEmpty) return false;
    const { provider, confidence, alternatives = [] } = this.#key.detection ?? {};
    return !provider || (confidence !== "certain" && alternatives.length > 0);
  }

  #providerField(): TemplateResult {
    const chosen = this.#provider();
    return html`
      <div class="field">
        <label class="name" for="provider">${strings.add.provider}</label>
        <select
          id="provider"
          class="input"
          @change=${(event: Event) => {
            this.chosen = (event.target as HTMLSelectElement).value;
          }}
        >
          <option value="" ?selected=${!chosen} disabled>${strings.add.choose}</option>
          ${this.vault.providers.map(
            ({ id, name }: ProviderInfo) =>
              html`<option value=${id} ?selected=${id === chosen}>${name}</option>`,
          )}
        </select>
      </div>
    `;
  }

  #sealed(entry: Entry): TemplateResult {
    return html`
      <div class="sealed" part="sealed" role="status">
        ${icons.seal}
        <span><strong>${WORDS.sealed(this.providerName(entry.provider))}</strong>
          <span class="mono quiet">${entry.keyHint}</span></span>
        ${
          this.#key.pasted && canClearClipboard() && !this.cleared
            ? html`<button class="button small" type="button" @click=${this.#clearClipboard}>
              ${strings.add.clearClipboard}
            </button>`
            : nothing
        }
      </div>
    `;
  }

  #provider(): string {
    return this.provider || this.chosen || (this.#key.detection?.provider ?? "");
  }

  #missing(): string | undefined {
    if (this.#key.isEmpty) return strings.add.missingKey;
    return this.#provider() ? undefined : strings.add.missingProvider;
  }

  /** Enter seals; it must not send a form that waits for the entry. */
  readonly #byKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.target !== this.keyField) return;
    event.preventDefault();
    void this.seal();
  };

  readonly #clearClipboard = async (): Promise<void> => {
    try {
      await clearClipboard();
      this.cleared = true;
    } catch (thrown) {
      this.error = KeysealError.from(thrown);
    }
  };

  /** @internal */
  static override styles = [
    controls,
    addStyles,
    css`
      :host {
        display: grid;
        gap: var(--ks-3);
      }

      .line {
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-2);
      }

      .line .input {
        flex: 1 1 14rem;
        width: auto;
      }

      .sealed {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--ks-2) var(--ks-3);
        min-height: 2.375rem;
        padding: var(--ks-2) var(--ks-3);
        border-radius: var(--ks-radius);
        background: var(--ks-ok-soft);
        color: var(--ks-ok);
        overflow-wrap: anywhere;
      }

      .sealed .button {
        margin-inline-start: auto;
      }
    `,
  ];
}

define("keyseal-input", KeysealInput);
