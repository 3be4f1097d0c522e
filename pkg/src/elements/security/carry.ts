import { css, html, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { KeysealError } from "../../index.js";
import { type Exported, type Imported, insideOf } from "../../vault/inside.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls, dialogs } from "../ui/controls.js";
import { icons } from "../ui/icons.js";
import { save } from "../ui/save.js";
import { problem, VaultElement } from "../ui/vault-element.js";
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
import { sectionCard } from "./section-card.js";
import { sheetStyles } from "./sheet-styles.js";

const WORDS = strings.carry;

type Done = { exported: Exported; name: string } | { imported: readonly Imported[] };

/** Browser-only keys as an encrypted file: out of this browser, and into another. */
export class Carry extends VaultElement {
  @state() private task: "export" | "import" | undefined;
  @state() private by: ProofKind | undefined;
  @state() private busy = false;
  @state() private error: KeysealError | undefined;
  @state() private done: Done | undefined;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("form") private form!: HTMLFormElement | null;
  readonly #byHand = new ByHand(this);
  readonly #new = new NewPassphrase(this, { leaves: true });

  protected override render(): TemplateResult {
    const here = this.#here();
    const proofs = proofsOf(this.vault.slots);
    const why = here === 0 ? WORDS.exportNone : proofs.length === 0 ? WORDS.exportNoProof : "";
    const locked = !this.vault.unlocked && this.vault.slots.length > 0;
    return html`
      <h2 id="carry">${WORDS.title}</h2>
      <div class="card">
        <p class="about">${WORDS.text}</p>
        <div class="buttons">
          <button
            class="button"
            type="button"
            ?disabled=${why !== "" || locked}
            aria-describedby=${why ? "why" : nothing}
            @click=${() => this.#open("export")}
          >
            ${WORDS.export}
          </button>
          <button class="button" type="button" ?disabled=${locked} @click=${() => this.#open("import")}>
            ${WORDS.import}
          </button>
        </div>
        ${why ? html`<p class="quiet" id="why">${why}</p>` : nothing}
      </div>
      <dialog
        aria-labelledby="title"
        @cancel=${(event: Event) => this.busy && event.preventDefault()}
        @close=${this.#closed}
      >
        ${this.task ? this.#sheet(this.task, here) : nothing}
      </dialog>
    `;
  }

  #here(): number {
    return this.vault.entries.filter(({ storage }) => storage === "browser").length;
  }

  async #open(task: "export" | "import"): Promise<void> {
    this.task = task;
    this.by = proofsOf(this.vault.slots)[0];
    this.done = undefined;
    this.error = undefined;
    await this.updateComplete;
    this.dialog.showModal();
    this.form?.querySelector<HTMLElement>("input, select")?.focus();
  }

  #sheet(task: "export" | "import", here: number): TemplateResult {
    return html`
      <div class="dialog-head">
        <h2 id="title">${task === "export" ? WORDS.exportTitle : WORDS.importTitle}</h2>
      </div>
      ${
        this.done
          ? this.#result(this.done)
          : html`<form class="dialog-body" novalidate @input=${this.#edited} @submit=${this.#submit}>
            ${task === "export" ? this.#exporting(here) : this.#importing()}
            ${problem(this.error)}
            <p class="busy" role="status">
              ${this.busy ? html`<span class="spinner"></span>${strings.wayDialog.busy}` : nothing}
            </p>
            <div class="dialog-foot">
              <button class="button" type="button" ?disabled=${this.busy} @click=${() => this.dialog.close()}>
                ${strings.wayDialog.cancel}
              </button>
              <button class="button primary" type="submit" ?disabled=${this.busy}>
                ${task === "export" ? WORDS.exportSubmit : WORDS.importSubmit}
              </button>
            </div>
          </form>`
      }
    `;
  }

  #exporting(here: number): TemplateResult {
    return html`
      <p class="about">${WORDS.exportText(here)}</p>
      ${proofFields(proofsOf(this.vault.slots), this.by, (by) => {
        this.by = by;
      })}
      ${this.#new.fields(WORDS.filePassphrase)}
    `;
  }

  #importing(): TemplateResult {
    return html`
      <p class="about">${WORDS.importText}</p>
      <label class="field">
        <span class="name">${WORDS.file}</span>
        <input class="input" name="file" type="file" accept=".json,application/json" required />
      </label>
      ${secretField("passphrase", "new", WORDS.filePassphrase)}
    `;
  }

  #result(done: Done): TemplateResult {
    return html`<div class="dialog-body done" role="status">
      ${
        "exported" in done
          ? html`
            <p><strong>${WORDS.exported(done.name)}</strong></p>
            <p class="about">${WORDS.exportedText}</p>
            ${
              done.exported.leftOut.length
                ? html`<p>${WORDS.leftOut(done.exported.leftOut.length)}</p>
                  <ul class="results">
                    ${done.exported.leftOut.map((id) => html`<li>${icons.warn}${this.#named(id)}</li>`)}
                  </ul>`
                : nothing
            }
          `
          : done.imported.length
            ? html`<h3>${WORDS.importedTitle}</h3>
              <ul class="results">
                ${done.imported.map(
                  ({ id, result }) => html`<li class=${result}>
                    ${result === "refused" ? icons.warn : icons.check}
                    <span>${this.#named(id)}</span>
                    <span class="quiet">${WORDS.results[result]}</span>
                  </li>`,
                )}
              </ul>`
            : html`<p>${WORDS.nothing}</p>`
      }
      <div class="dialog-foot">
        <button class="button primary" type="button" @click=${() => this.dialog.close()}>${WORDS.close}</button>
      </div>
    </div>`;
  }

  #named(id: string): TemplateResult {
    const entry = this.vault.entries.find((entry) => entry.id === id);
    if (!entry) return html`${WORDS.unknownEntry} <span class="mono quiet">${id}</span>`;
    return html`${this.providerName(entry.provider)} <bdi>${entry.label}</bdi>
      <span class="mono">${entry.keyHint}</span>`;
  }

  /** What was wrong is being mended. */
  readonly #edited = (): void => {
    this.error = undefined;
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { form, task } = this;
    if (!form || this.busy) return;
    this.error = this.#byHand.refusal();
    if (this.error) return;
    const empty = form.querySelector<HTMLInputElement>("input:invalid");
    if (empty) {
      const words = empty.type === "file" ? WORDS.noFile : strings.wayDialog.missing;
      this.error = new KeysealError("validation", words);
      empty.focus();
      return;
    }
    const given = new FormData(form);
    this.busy = true;
    this.error = undefined;
    try {
      if (task === "export") this.error = await this.#new.refusal(given);
      if (this.error) return;
      // The page stands still while a passphrase is stretched: it says so first.
      await this.updateComplete;
      await painted();
      this.done = task === "export" ? await this.#export(given) : await this.#import(given);
    } catch (thrown) {
      this.error = this.#failed(thrown, task);
    } finally {
      this.busy = false;
    }
    await this.updateComplete;
    this.dialog.querySelector<HTMLElement>(".done .button")?.focus();
  };

  #failed(thrown: unknown, task: typeof this.task): KeysealError {
    const error = this.failure(thrown);
    if (error.code !== "wrong_secret" || task === "export") return wrongSecret(error, this.form);
    return new KeysealError(error.code, WORDS.wrong, { next: WORDS.wrongNext });
  }

  async #export(given: FormData): Promise<Done> {
    const proof = proofOf(this.by ?? "passphrase", String(given.get("proof") ?? ""));
    const exported = await insideOf(this.vault).exportEntries(proof, String(given.get("new")));
    const name = `keyseal-export-${new Date().toISOString().slice(0, 10)}.json`;
    save(this, exported.file, "application/json", name);
    return { exported, name };
  }

  async #import(given: FormData): Promise<Done> {
    const file = given.get("file");
    const text = file instanceof File ? await file.text() : "";
    return { imported: await insideOf(this.vault).importEntries(text, String(given.get("new"))) };
  }

  readonly #closed = (): void => {
    // What was typed does not stay in the page.
    this.form?.reset();
    this.task = undefined;
    this.done = undefined;
    this.error = undefined;
    this.#new.clear();
  };

  static override styles = [
    controls,
    dialogs,
    sheetStyles,
    sectionCard,
    css`
      :host {
        display: block;
      }

      .about {
        max-width: 44rem;
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-2);
      }

      h3 {
        font-size: var(--ks-text-large);
        font-weight: 600;
      }

      .results {
        display: grid;
        gap: var(--ks-2);
      }

      .results li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--ks-2);
        overflow-wrap: anywhere;
      }

      .results svg {
        color: var(--ks-ok);
      }

      .results .refused svg,
      .results li:not([class]) svg {
        color: var(--ks-warn);
      }
    `,
  ];
}

define("keyseal-carry", Carry);
