import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { KeysealError, type Vault } from "../../index.js";
import { emit } from "../events.js";
import * as strings from "../strings.js";
import { companionHostOf } from "./format.js";
import { icons } from "./icons.js";

/** An element that shows a vault: drawn anew when the vault changes, and when minutes go by. */
export class VaultElement extends LitElement {
  @property({ attribute: false }) vault!: Vault;

  readonly #changed = () => this.requestUpdate();
  #watched: Vault | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#watch(this.vault);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch(undefined);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("vault")) this.#watch(this.vault);
  }

  #watch(vault: Vault | undefined): void {
    if (this.#watched === vault) return;
    this.#watched?.removeEventListener("change", this.#changed);
    this.#watched = vault;
    vault?.addEventListener("change", this.#changed);
  }

  protected providerName(id: string): string {
    return this.vault.providers.find((provider) => provider.id === id)?.name ?? id;
  }

  protected companionHost(): string {
    return companionHostOf(this.vault);
  }

  /** Turns what was thrown into an error to show, and tells the app: a sign-in that has ended is its to renew. */
  protected failure(thrown: unknown): KeysealError {
    const error = KeysealError.from(thrown);
    emit(this, "keyseal-failed", { error });
    if (error.code === "unauthorized") emit(this, "keyseal-signed-out", null);
    return error;
  }
}

/** What is missing in a form needs no code. */
function code({ code }: KeysealError): TemplateResult | typeof nothing {
  return code === "validation" ? nothing : html`<span class="code">${strings.problem(code)}</span>`;
}

/** What happened, what to do; the code small behind it. */
export function problem(
  error: KeysealError | undefined,
  safe?: string,
): TemplateResult | typeof nothing {
  if (!error) return nothing;
  return html`
    <div class="problem" role="alert">
      ${icons.warn}
      <div>
        <p><strong>${error.message}</strong></p>
        <p>${error.next} ${safe} ${code(error)}</p>
      </div>
    </div>
  `;
}
