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
import { ByHand } from "./by-hand.js";
import { NewPassphrase } from "./new-passphrase.js";
import { painted } from "./painted.js";
import {
  type ProofKind,
  proofFields,
  proofOf,
  proofsOf,
  secretField,
  wrongSecret,
} from "./proof.js";
import "./recovery-sheet.js";
import { sheetStyles } from "./sheet-styles.js";

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
  @state() private busy = "";
  @state() private error: KeysealError | undefined;
  /** A recovery code that was just made: shown until it is kept, or thrown away. */
  @state() private code: string | undefined;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("form") private form!: HTMLFormElement | null;
  readonly #byHand = new ByHand(this);
  readonly #new = new NewPassphrase(this, { leaves: false });

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
        aria-labelledby=${this.code ? nothing : "title"}
        aria-label=${this.code ? strings.recoverySheet.title : nothing}
        @cancel=${(event: Event) => (this.busy || this.code) && event.preventDefault()}
        @close=${this.#closed}
      >
        ${
          this.code
            ? html`<keyseal-recovery-sheet
                .code=${this.code}
                .vault=${this.vault}
                .error=${this.error}
                @done=${this.#keepCode}
                @discard=${() => this.dialog.close()}
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
    const blocked = task.do === "remove" && !this.#someStays(task.slot);
    return html`
      <div class="dialog-head"><h2 id="title">${title}</h2></div>
      <form class="dialog-body" novalidate @input=${this.#edited} @submit=${this.#submit}>
        <p class="about">${WORDS.texts[task.do]}</p>
        ${task.do === "passphrase" || task.do === "change" ? this.#new.fields(WORDS.newPassphrase) : nothing}
        ${task.do === "passkey" ? this.#passkeyName() : nothing}
        ${proofFields(proofsOf(this.vault.slots), this.by, (by) => this.#showBy(by))}
        ${"slot" in task ? this.#staying(task.slot) : nothing}
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
        stays && (kind === "passphrase" || kind === "recovery") && !this.#isProof(kind)
          ? secretField(kind, id, name)
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

  /** Whether what is shown as proof is the secret of this one: it is not asked for twice. */
  #isProof(kind: Slot["kind"]): boolean {
    if (kind !== this.by) return false;
    return kind === "passkey" || this.vault.slots.filter((slot) => slot.kind === kind).length === 1;
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

  /** What was wrong is being mended. */
  readonly #edited = (): void => {
    this.error = undefined;
  };

  readonly #keepCode = async (): Promise<void> => {
    try {
      await insideOf(this.vault).keepRecoveryCode();
      this.dialog.close();
    } catch (thrown) {
      this.error = KeysealError.from(thrown);
    }
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { form, task } = this;
    if (!form || !task || this.busy) return;
    this.error = this.#byHand.refusal();
    if (this.error) return;
    const empty = form.querySelector<HTMLInputElement>("input:invalid");
    if (empty) {
      this.error = new KeysealError("validation", WORDS.missing);
      empty.focus();
      return;
    }
    const fields = new FormData(form);
    const given = (name: string) => String(fields.get(name) ?? "");
    const passkeys = this.#asksPasskey(task);
    const stretches = form.querySelector("[type=password], #new") !== null;
    this.busy = stretches ? WORDS.busy : passkeys ? WORDS.busyPasskey : WORDS.busyOther;
    this.error = undefined;
    try {
      if (fields.has("new")) this.error = await this.#new.refusal(fields);
      if (this.error) return;
      // The page stands still while a passphrase is stretched: it says so first.
      await this.updateComplete;
      await painted();
      await this.#do(task, given);
    } catch (thrown) {
      this.error = wrongSecret(refusal(KeysealError.from(thrown)), form);
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
        this.code = await inside.makeRecoveryCode(proof);
        return;
      case "change":
      case "remove": {
        const changed = task.do === "change" ? given("new") : undefined;
        const isKept = this.#kept(task.slot).some(({ kind }) => this.#isProof(kind));
        return inside.keepSlots(
          this.#keeping(task.slot, given, changed),
          isKept ? undefined : proof,
        );
      }
    }
  }

  #kept(slot: Slot): Slot[] {
    return this.#others(slot).filter(({ id }) => !this.gone.has(id));
  }

  #keeping(slot: Slot, given: (name: string) => string, newPassphrase?: string): KeptSlot[] {
    const others = this.#kept(slot).map(({ id, kind }): KeptSlot => {
      const typed = given(this.#isProof(kind) ? "proof" : id);
      const shown: Record<Slot["kind"], UnlockWith | undefined> = {
        device: undefined,
        passkey: { passkey: id },
        passphrase: { passphrase: typed },
        recovery: { recoveryCode: typed },
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
    this.#new.clear();
    this.error = undefined;
  };

  static override styles = [controls, dialogs, sheetStyles];
}

define("keyseal-way-dialog", WayDialog);
