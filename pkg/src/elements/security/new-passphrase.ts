import { html, type LitElement, nothing, type TemplateResult } from "lit";
import { KeysealError } from "../../index.js";
import * as strings from "../strings.js";
import { LEAST_CHARACTERS } from "./least.js";
import "./strength.js";

const WORDS = strings.newPassphrase;
/** Below this zxcvbn expects fewer than a million guesses. */
const EASY = 2;

/**
 * The fields of a passphrase that is made now: typed twice, or looked at, and measured. One that is easy to guess is
 * refused for what leaves the browser, and asked about for what stays in it.
 */
export class NewPassphrase {
  readonly #host: LitElement;
  readonly #leaves: boolean;
  #typed = "";
  #visible = false;
  #asksToInsist = false;

  constructor(host: LitElement, { leaves }: { leaves: boolean }) {
    this.#host = host;
    this.#leaves = leaves;
  }

  /** What was typed does not stay in the page. */
  clear(): void {
    this.#typed = "";
    this.#visible = false;
    this.#asksToInsist = false;
    this.#host.requestUpdate();
  }

  fields(label: string): TemplateResult {
    return html`<div class="field">
        <label class="name" for="new">${label}</label>
        <span class="line">
          ${this.#input("new", (event) => {
            this.#typed = (event.target as HTMLInputElement).value;
            this.#asksToInsist = false;
            this.#host.requestUpdate();
          })}
          <button
            class="button"
            type="button"
            aria-pressed=${this.#visible}
            @click=${() => {
              this.#visible = !this.#visible;
              this.#host.requestUpdate();
            }}
          >
            ${this.#visible ? WORDS.hide : WORDS.show}
          </button>
        </span>
        <keyseal-strength .passphrase=${this.#typed}></keyseal-strength>
      </div>
      ${
        this.#visible
          ? nothing
          : html`<div class="field">
            <label class="name" for="again">${WORDS.again}</label>
            ${this.#input("again")}
          </div>`
      }
      ${
        this.#asksToInsist
          ? html`<label class="insist"><input type="checkbox" name="insist" />${WORDS.insist}</label>`
          : nothing
      }`;
  }

  #input(name: "new" | "again", typed?: (event: Event) => void): TemplateResult {
    return html`<input
      class="input"
      id=${name}
      name=${name}
      type=${this.#visible ? "text" : "password"}
      autocomplete="new-password"
      autocapitalize="off"
      spellcheck="false"
      required
      @input=${typed ?? nothing}
    />`;
  }

  /** Why it is not taken, as the form stands; the field that is to be changed has the focus then. */
  async refusal(given: FormData): Promise<KeysealError | undefined> {
    const passphrase = String(given.get("new"));
    if (!this.#visible && given.get("again") !== passphrase) return this.#refuse("differ", "again");
    if ([...passphrase].length < LEAST_CHARACTERS) return this.#refuse("short", "new");
    if (given.has("insist")) return undefined;
    const { guess } = await import("./guess.js");
    if (guess(passphrase).score >= EASY) return undefined;
    if (this.#leaves) return this.#refuse("easyFile", "new");
    this.#asksToInsist = true;
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    return this.#refuse("easy", "insist");
  }

  #refuse(why: keyof typeof WORDS.refusals, field: string): KeysealError {
    this.#host.renderRoot.querySelector<HTMLElement>(`[name=${field}]`)?.focus();
    const [message, next] = WORDS.refusals[why];
    const code = why === "differ" ? "validation" : "passphrase_weak";
    return new KeysealError(code, message, { next });
  }
}
