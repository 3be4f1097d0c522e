import { css, html, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import type { KeysealError, Slot, UnlockWith } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import "../ui/confirm-dialog.js";
import type { ConfirmDialog } from "../ui/confirm-dialog.js";
import { badge, controls } from "../ui/controls.js";
import { icons } from "../ui/icons.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { refusal } from "./refused.js";

const WORDS = strings.unlock;

/** What is typed to unlock. */
type Typed = "passphrase" | "recovery";

/** Stands above every view while the vault is locked: as many ways to unlock it as it has. */
export class Unlock extends VaultElement {
  @state() private typed: Typed | undefined;
  @state() private busy = false;
  @state() private error: KeysealError | undefined;
  @query("input") private input!: HTMLInputElement | null;
  @query("keyseal-confirm") private confirm!: ConfirmDialog;

  protected override render(): TemplateResult {
    const kinds = new Set(this.vault.slots.map(({ kind }) => kind));
    // The device's own way in is of no use once the browser has lost it.
    const lost = this.vault.problems.some(({ code }) => code === "vault_key_lost");
    if (lost) kinds.delete("device");
    const typed = this.#typed(kinds);
    return html`
      <section class="card" aria-labelledby="title">
        <span class="badge">${icons.seal}</span>
        <div class="body">
          <h2 id="title">${WORDS.title}</h2>
          <p class="about">${WORDS.text}</p>
          ${
            kinds.has("device") || kinds.has("passkey")
              ? html`<div class="buttons">
                ${kinds.has("device") ? this.#button(WORDS.device, undefined, true) : nothing}
                ${kinds.has("passkey") ? this.#button(WORDS.passkey, { passkey: true }, !kinds.has("device")) : nothing}
              </div>`
              : nothing
          }
          ${typed ? this.#form(typed, kinds) : nothing}
          ${problem(this.error)}
          <p class="hidden" role="status">${this.busy ? WORDS.busy : ""}</p>
          <button class="link quiet" type="button" @click=${this.#startOver}>${WORDS.cannot}</button>
        </div>
      </section>
      <keyseal-confirm></keyseal-confirm>
    `;
  }

  #typed(kinds: ReadonlySet<Slot["kind"]>): Typed | undefined {
    if (this.typed && kinds.has(this.typed)) return this.typed;
    return kinds.has("passphrase") ? "passphrase" : kinds.has("recovery") ? "recovery" : undefined;
  }

  #button(words: string, secret: UnlockWith | undefined, primary: boolean): TemplateResult {
    return html`<button
      class="button ${primary ? "primary" : ""}"
      type="button"
      aria-disabled=${this.busy ? "true" : nothing}
      @click=${() => this.#unlock(secret)}
    >
      ${words}
    </button>`;
  }

  #form(typed: Typed, kinds: ReadonlySet<Slot["kind"]>): TemplateResult {
    const other = typed === "passphrase" ? "recovery" : "passphrase";
    return html`
      <form @submit=${(event: SubmitEvent) => this.#submit(event, typed)}>
        <div class="field">
          <label class="name" for="secret">${WORDS[typed]}</label>
          <span class="line">
            <input
              id="secret"
              class="input ${typed === "recovery" ? "mono" : ""}"
              type=${typed === "passphrase" ? "password" : "text"}
              autocomplete=${typed === "passphrase" ? "current-password" : "off"}
              autocapitalize="off"
              spellcheck="false"
            />
            <button
              class="button ${kinds.has("device") || kinds.has("passkey") ? "" : "primary"}"
              type="submit"
              aria-disabled=${this.busy ? "true" : nothing}
            >
              ${this.busy ? html`<span class="spinner"></span>` : nothing}${WORDS.submit}
            </button>
          </span>
        </div>
        ${
          kinds.has(other)
            ? html`<button class="link" type="button" @click=${() => this.#switchTo(other)}>
              ${WORDS.instead[other]}
            </button>`
            : nothing
        }
      </form>
    `;
  }

  async #switchTo(typed: Typed): Promise<void> {
    this.typed = typed;
    this.error = undefined;
    await this.updateComplete;
    this.input?.focus();
  }

  async #submit(event: SubmitEvent, typed: Typed): Promise<void> {
    event.preventDefault();
    const text = this.input?.value ?? "";
    if (!text) return this.input?.focus();
    await this.#unlock(typed === "passphrase" ? { passphrase: text } : { recoveryCode: text });
  }

  async #unlock(secret: UnlockWith | undefined): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = undefined;
    try {
      await this.vault.unlock(secret);
    } catch (thrown) {
      this.error = refusal(this.failure(thrown));
    } finally {
      this.busy = false;
      // What was typed does not stay in the page.
      if (this.input) this.input.value = "";
    }
    await this.updateComplete;
    this.input?.focus();
  }

  readonly #startOver = async (): Promise<void> => {
    const words = WORDS.startOver;
    const count = this.vault.entries.filter(({ storage }) => storage === "browser").length;
    const yes = await this.confirm.ask({
      title: words.title,
      body: html`<p>${words.body(count)}</p>`,
      confirm: words.confirm,
      cancel: words.cancel,
    });
    if (!yes) return;
    try {
      await this.vault.startOver();
    } catch (thrown) {
      this.error = this.failure(thrown);
    }
  };

  static override styles = [
    controls,
    badge,
    css`
      .card {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--ks-4);
        margin-bottom: var(--ks-8);
        padding: var(--ks-5);
      }

      .body {
        display: grid;
        justify-items: start;
        gap: var(--ks-3);
      }

      .about {
        max-width: 40rem;
        color: var(--ks-ink-2);
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-2);
      }

      form {
        display: grid;
        justify-items: start;
        gap: var(--ks-2);
        width: min(26rem, 100%);
      }

      .field {
        width: 100%;
      }

      .line {
        display: flex;
        gap: var(--ks-2);
      }

      .link.quiet {
        color: var(--ks-ink-3);
        font-weight: 400;
      }

      .problem {
        width: min(34rem, 100%);
      }

      @media (max-width: 40rem) {
        .card {
          grid-template-columns: minmax(0, 1fr);
          padding: var(--ks-4);
        }
      }
    `,
  ];
}

define("keyseal-unlock", Unlock);
