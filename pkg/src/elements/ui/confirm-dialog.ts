import { css, html, LitElement, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { define } from "../define.js";
import { controls, dialogs } from "./controls.js";

interface Question {
  title: string;
  body: TemplateResult;
  confirm: string;
  cancel: string;
  /** How going on looks; as something dangerous, if nothing is said. */
  kind?: "danger" | "primary";
}

/** Asks before what cannot be undone. The safe answer has the focus. */
export class ConfirmDialog extends LitElement {
  @state() private question: Question | undefined;
  @query("dialog") private dialog!: HTMLDialogElement;

  #answer: ((yes: boolean) => void) | undefined;

  /** True only if the person chose to go on. */
  async ask(question: Question): Promise<boolean> {
    this.question = question;
    await this.updateComplete;
    this.dialog.returnValue = "";
    this.dialog.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  protected override render(): TemplateResult {
    return html`
      <dialog
        aria-labelledby="title"
        aria-describedby="body"
        @close=${() => this.#answer?.(this.dialog.returnValue === "yes")}
      >
        <div class="body">
          <h2 id="title">${this.question?.title}</h2>
          <div id="body">${this.question?.body}</div>
          <div class="dialog-foot">
            <button class="button" type="button" autofocus @click=${() => this.dialog.close("no")}>
              ${this.question?.cancel}
            </button>
            <button class="button ${this.question?.kind ?? "danger"}" type="button" @click=${() => this.dialog.close("yes")}>
              ${this.question?.confirm}
            </button>
          </div>
        </div>
      </dialog>
    `;
  }

  static override styles = [
    controls,
    dialogs,
    css`
      :host {
        display: contents;
      }

      dialog {
        width: min(27rem, calc(100vw - 2rem));
      }

      .body {
        display: grid;
        gap: var(--ks-4);
        padding: var(--ks-6);
      }

      #body {
        display: grid;
        gap: var(--ks-3);
        color: var(--ks-ink-2);
        overflow-wrap: anywhere;
      }

      @media (max-width: 40rem) {
        dialog {
          width: 100vw;
        }
      }
    `,
  ];
}

define("keyseal-confirm", ConfirmDialog);
