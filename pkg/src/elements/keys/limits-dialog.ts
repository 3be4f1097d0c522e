import { html, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import type { KeysealError } from "../../errors.js";
import type { Entry } from "../../types.js";
import type { EntryPatch } from "../../vault/arguments.js";
import "../add/limits-fields.js";
import { type LimitsFields, NO_LIMITS } from "../add/limits-fields.js";
import { define } from "../define.js";
import { emit } from "../events.js";
import * as strings from "../strings.js";
import { controls, dialogs } from "../ui/controls.js";
import { dayOf } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { problem, VaultElement } from "../ui/vault-element.js";

const WORDS = strings.limits;

/** Until when one entry is used, and for how much. */
export class LimitsDialog extends VaultElement {
  @state() private entry: Entry | undefined;
  @state() private error: KeysealError | undefined;
  @state() private busy = false;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("keyseal-limits-fields") private fields!: LimitsFields;

  async show(entry: Entry): Promise<void> {
    this.entry = entry;
    this.error = undefined;
    await this.updateComplete;
    const { expiresAt, budgetUsd, budgetPeriod } = entry;
    const { budgetPeriod: usual } = NO_LIMITS;
    this.fields.show({ expiresAt, budgetUsd, budgetPeriod: budgetPeriod ?? usual });
    this.dialog.showModal();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog
        part="dialog"
        aria-labelledby="title"
        @close=${() => {
          this.entry = undefined;
        }}
      >
        ${this.entry ? this.#form(this.entry) : nothing}
      </dialog>
    `;
  }

  #form(entry: Entry): TemplateResult {
    return html`
      <div class="dialog-head">
        <h2 id="title">${WORDS.title(entry.keyHint)}</h2>
        <button
          class="icon-button"
          type="button"
          aria-label=${strings.add.close}
          @click=${() => this.dialog.close()}
        >
          ${icons.close}
        </button>
      </div>
      <form class="dialog-body" novalidate @submit=${this.#save}>
        ${problem(this.error)}
        <keyseal-limits-fields ?budget=${entry.storage === "synced"}></keyseal-limits-fields>
        <div class="dialog-foot">
          <button class="button" type="button" @click=${() => this.dialog.close()}>
            ${WORDS.cancel}
          </button>
          <button class="button primary" type="submit" aria-disabled=${this.busy ? "true" : nothing}>
            ${WORDS.save}
          </button>
        </div>
      </form>
    `;
  }

  readonly #save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { entry } = this;
    if (!entry || this.busy) return;
    this.busy = true;
    try {
      const patch = patchOf(entry, this.fields.read());
      if (Object.keys(patch).length > 0) {
        const changed = await this.vault.update(entry.id, patch);
        const { provider } = entry;
        if ("expiresAt" in patch)
          emit(this, "keyseal-changed", { what: "expiry", provider, entry: changed });
        if ("budgetUsd" in patch || "budgetPeriod" in patch)
          emit(this, "keyseal-changed", { what: "budget", provider, entry: changed });
      }
      this.dialog.close();
    } catch (thrown) {
      this.error = this.failure(thrown);
    } finally {
      this.busy = false;
    }
  };

  static override styles = [controls, dialogs];
}

/** Only what differs: a budget that stays goes on counting where it was. */
function patchOf(entry: Entry, chosen: ReturnType<LimitsFields["read"]>): EntryPatch {
  const { expiresAt, budgetUsd, budgetPeriod } = chosen;
  const sameDay = dayOf(expiresAt ?? "") === dayOf(entry.expiresAt ?? "");
  return {
    ...(sameDay ? {} : { expiresAt }),
    ...(entry.storage === "synced" && budgetUsd !== entry.budgetUsd ? { budgetUsd } : {}),
    ...(entry.storage === "synced" && budgetUsd !== null && budgetPeriod !== entry.budgetPeriod
      ? { budgetPeriod }
      : {}),
  };
}

define("keyseal-limits", LimitsDialog);
