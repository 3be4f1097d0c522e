import { html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { KeysealError, type Slot, type UnlockWith, type Vault } from "../../index.js";
import { insideOf, type KeptSlot } from "../../vault/inside.js";
import { define } from "../define.js";
import { refusal } from "../lock/refused.js";
import * as strings from "../strings.js";
import { controls, dialogs } from "../ui/controls.js";
import { day } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { problem } from "../ui/vault-element.js";
import { painted } from "./painted.js";
import { type ProofKind, proofFields, proofOf, proofsOf, secretField } from "./proof.js";
import "./recovery-sheet.js";
import { sheetStyles } from "./sheet-styles.js";
import "./strength.js";

const WORDS = strings.wayDialog;

/** What is to be done to the ways in. */
export type Task =
  | { do: "passphrase" | "passkey" | "recovery" | "device" }
  | { do: "change" | "remove"; slot: Slot };

/** Adds a way to unlock, changes or removes one; asks for what that needs, and says what it does. */
export class WayDialog extends LitElement {
  @property({ attribute: false }) vault!: Vault;
  @state() private task: Task | undefined;
  @state() private by: ProofKind | undefined;
  /** Ids of slots that are not to stay. */
  @state() private gone: ReadonlySet<string> = new Set();
  @state() private typed = "";
  @state() private visible = false;
  @state() private busy = "";
  @state() private error: KeysealError | undefined;
  /** A recovery code that was just made: shown until the dialog is closed. */
  @state() private code: string | undefined;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("form") private form!: HTMLFormElement | null;

  async open(task: Task): Promise<void> {
    this.task = task;
    this.by = proofsOf(this.vault.slots)[0];
    this.gone = new Set();
    this.error = undefined;
    this.code = undefined;
    await this.updateComplete;
    this.dialog.showModal();
    this.form?.querySelector<HTMLElement>("input, select")?.focus();
  }

  protected override render(): TemplateResult {
    const { task } = this;
    return html`
      <dialog
        aria-labelledby="title"
        @cancel=${(event: Event) => (this.busy || this.code) && event.preventDefault()}
        @close=${this.#closed}
      >
        ${
          this.code
            ? html`<keyseal-recovery-sheet
                .code=${this.code}
                .vault=${this.vault}
                @done=${() => this.dialog.close()}
              ></keyseal-recovery-sheet>`
            : task
              ? this.#ask(task)
              : nothing
        }
      </dialog>
    `;
  }

  #ask(task: Task): TemplateResult {
    const title =
      task.do === "remove"
        ? WORDS.titles.remove(strings.ways.kinds[task.slot.kind].name)
        : WORDS.titles[task.do];
    const adds = task.do !== "remove" && task.do !== "change";
    const blocked = task.do === "remove" && !this.#someStays(task.slot);
    return html`
      <div class="dialog-head"><h2 id="title">${title}</h2></div>
      <form class="dialog-body" novalidate @submit=${this.#submit}>
        <p class="about">${WORDS.texts[task.do]}</p>
        ${task.do === "change" ? secretField("passphrase", "proof", WORDS.passphraseNow) : nothing}
        ${task.do === "passphrase" || task.do === "change" ? this.#newPassphrase() : nothing}
        ${task.do === "passkey" ? this.#passkeyName() : nothing}
        ${adds ? proofFields(proofsOf(this.vault.slots), this.by, (by) => this.#showBy(by)) : this.#staying(task.slot)}
        ${blocked ? html`<p class="problem">${icons.warn}<span>${WORDS.noneLeft}</span></p>` : nothing}
        ${problem(this.error)}
        <p class="busy" role="status">
          ${this.busy ? html`<span class="spinner"></span>${this.busy}` : nothing}
        </p>
        <div class="dialog-foot">
          <button class="button" type="button" ?disabled=${this.busy !== ""} @click=${() => this.dialog.close()}>
            ${WORDS.cancel}
          </button>
          <button
            class="button ${task.do === "remove" ? "danger" : "primary"}"
            type="submit"
            ?disabled=${this.busy !== "" || blocked}
          >
            ${WORDS.submit[task.do]}
          </button>
        </div>
      </form>
    `;
  }

  #newPassphrase(): TemplateResult {
    return html`<div class="field">
      <label class="name" for="new">${WORDS.newPassphrase}</label>
      <span class="line">
        <input
          class="input"
          id="new"
          name="new"
          type=${this.visible ? "text" : "password"}
          autocomplete="new-password"
          autocapitalize="off"
          spellcheck="false"
          required
          @input=${(event: Event) => {
            this.typed = (event.target as HTMLInputElement).value;
          }}
        />
        <button
          class="button"
          type="button"
          aria-pressed=${this.visible}
          @click=${() => {
            this.visible = !this.visible;
          }}
        >
          ${this.visible ? WORDS.hide : WORDS.show}
        </button>
      </span>
      <keyseal-strength .passphrase=${this.typed}></keyseal-strength>
    </div>`;
  }

  #passkeyName(): TemplateResult {
    return html`<label class="field">
      <span class="name">${WORDS.name}</span>
      <input class="input" name="name" .value=${this.vault.sub} autocomplete="off" required />
      <span class="help">${WORDS.nameHelp}</span>
    </label>`;
  }

  /** The other ways in: each stays only if it is shown now, since the vault gets another key. */
  #staying(slot: Slot): TemplateResult | typeof nothing {
    const others = this.#others(slot);
    if (others.length === 0) return nothing;
    return html`<fieldset>
      <legend>${WORDS.stays}</legend>
      <ul class="stays">
        ${others.map((other) => this.#other(other))}
      </ul>
    </fieldset>`;
  }

  #other({ id, kind, added }: Slot): TemplateResult {
    const name = `${strings.ways.kinds[kind].name}${added ? ` (${strings.ways.added(day(added))})` : ""}`;
    const stays = !this.gone.has(id);
    return html`<li>
      ${
        kind === "passphrase" || kind === "recovery"
          ? stays
            ? secretField(kind, id, name)
            : html`<s>${name}</s>`
          : html`<span>${stays ? name : html`<s>${name}</s>`}
            ${stays ? html`<span class="quiet">${WORDS.staysText[kind]}</span>` : nothing}</span>`
      }
      <button class="link" type="button" @click=${() => this.#toggle(id)}>
        ${stays ? WORDS.letGo : WORDS.keep}
      </button>
    </li>`;
  }

  #others(slot: Slot): Slot[] {
    return this.vault.slots.filter(({ id }) => id !== slot.id);
  }

  #someStays(slot: Slot): boolean {
    return this.#others(slot).some(({ id, kind }) => kind !== "passkey" && !this.gone.has(id));
  }

  #toggle(id: string): void {
    const gone = new Set(this.gone);
    if (!gone.delete(id)) gone.add(id);
    this.gone = gone;
  }

  async #showBy(by: ProofKind): Promise<void> {
    this.by = by;
    await this.updateComplete;
    this.form?.querySelector<HTMLInputElement>("[name=proof]")?.focus();
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { form, task } = this;
    if (!form || !task || this.busy) return;
    const empty = form.querySelector<HTMLInputElement>("input:invalid");
    if (empty) {
      this.error = new KeysealError("validation", WORDS.missing);
      empty.focus();
      return;
    }
    const given = (name: string) => String(new FormData(form).get(name) ?? "");
    const passkeys = this.#asksPasskey(task);
    const stretches = form.querySelector("[type=password], #new") !== null;
    this.busy = stretches ? WORDS.busy : passkeys ? WORDS.busyPasskey : WORDS.busyOther;
    this.error = undefined;
    try {
      // The page stands still while a passphrase is stretched: it says so first.
      await this.updateComplete;
      await painted();
      await this.#do(task, given);
    } catch (thrown) {
      this.error = refusal(KeysealError.from(thrown));
    } finally {
      this.busy = "";
    }
    if (this.error === undefined && this.code === undefined) this.dialog.close();
  };

  #asksPasskey(task: Task): boolean {
    if (task.do === "passkey" || this.by === "passkey") return true;
    return "slot" in task && this.#kept(task.slot).some(({ kind }) => kind === "passkey");
  }

  async #do(task: Task, given: (name: string) => string): Promise<void> {
    const inside = insideOf(this.vault);
    const proof = this.by && proofOf(this.by, given("proof"));
    switch (task.do) {
      case "passphrase":
        return inside.addPassphrase(given("new"), proof);
      case "passkey":
        return inside.addPasskey(given("name"), proof);
      case "device":
        return inside.addDevice(proof);
      case "recovery":
        this.code = await inside.addRecoveryCode(proof);
        return;
      case "change":
        // Whoever sits before an open page must not give it another passphrase.
        await this.vault.unlock({ passphrase: given("proof") });
        return inside.keepSlots(this.#keeping(task.slot, given, given("new")));
      case "remove":
        return inside.keepSlots(this.#keeping(task.slot, given));
    }
  }

  #kept(slot: Slot): Slot[] {
    return this.#others(slot).filter(({ id }) => !this.gone.has(id));
  }

  #keeping(slot: Slot, given: (name: string) => string, newPassphrase?: string): KeptSlot[] {
    const others = this.#kept(slot).map(({ id, kind }): KeptSlot => {
      const shown: Record<Slot["kind"], UnlockWith | undefined> = {
        device: undefined,
        passkey: { passkey: id },
        passphrase: { passphrase: given(id) },
        recovery: { recoveryCode: given(id) },
      };
      const secret = shown[kind];
      return secret ? { slot: id, with: secret } : { slot: id };
    });
    return newPassphrase === undefined ? others : [{ slot: slot.id, newPassphrase }, ...others];
  }

  readonly #closed = (): void => {
    // What was typed or shown does not stay in the page.
    this.form?.reset();
    this.task = undefined;
    this.code = undefined;
    this.typed = "";
    this.visible = false;
    this.error = undefined;
  };

  static override styles = [controls, dialogs, sheetStyles];
}

define("keyseal-way-dialog", WayDialog);
