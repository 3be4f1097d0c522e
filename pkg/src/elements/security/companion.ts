import { css, html, nothing, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import type { CompanionIdentity, KeysealError } from "../../index.js";
import { insideOf } from "../../vault/inside.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { day, full } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { problem, VaultElement } from "../ui/vault-element.js";

const WORDS = strings.companion;

/** Whom keys are sealed to: the pinned companion, its fingerprint to compare, and what to do if it changes. */
export class Companion extends VaultElement {
  @state() private theirs = "";
  @state() private trusting = false;
  @state() private error: KeysealError | undefined;

  protected override render(): TemplateResult {
    const { companion, problems } = this.vault;
    const refused = problems.find(({ code }) => code.startsWith("keyset_"));
    return html`
      <h2 id="companion">${WORDS.title}</h2>
      <p class="about">${WORDS.text}</p>
      <div class="card">
        ${problem(refused)}
        ${refused?.code === "keyset_identity" ? this.#trust() : nothing}
        ${companion ? this.#facts(companion) : refused ? nothing : html`<p>${WORDS.none}</p>`}
        <details ?open=${refused !== undefined}>
          <summary>${WORDS.changed}</summary>
          <ul>
            ${WORDS.changedText.map((line) => html`<li>${line}</li>`)}
          </ul>
        </details>
      </div>
    `;
  }

  /** Another one than was pinned: only somebody who has its fingerprint from elsewhere takes it for the same. */
  #trust(): TemplateResult {
    return html`<form @submit=${this.#submit}>
      <label class="field">
        <span class="name">${WORDS.trustName}</span>
        <input
          class="input mono"
          name="new"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          required
        />
        <span class="help">${WORDS.trustHelp}</span>
      </label>
      ${problem(this.error)}
      <button class="button" type="submit" aria-disabled=${this.trusting ? "true" : nothing}>
        ${WORDS.trust}
      </button>
    </form>`;
  }

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.trusting) return;
    const typed = new FormData(event.target as HTMLFormElement).get("new");
    this.trusting = true;
    this.error = undefined;
    try {
      await insideOf(this.vault).trustIdentity(String(typed));
      await this.vault.refresh();
    } catch (thrown) {
      this.error = this.failure(thrown);
    } finally {
      this.trusting = false;
    }
  };

  #facts({ url, fingerprint, firstSeen }: CompanionIdentity): TemplateResult {
    return html`<dl>
      <dt>${WORDS.address}</dt>
      <dd class="mono">${url}</dd>
      <dt>${WORDS.fingerprint}</dt>
      <dd>
        <span class="fingerprint mono">${fingerprint.split(" ").map((group) => html`<span>${group}</span> `)}</span>
        <span class="quiet" title=${full(firstSeen)}>${WORDS.firstSeen(day(firstSeen))}</span>
      </dd>
      <dt><label for="theirs">${WORDS.compare}</label></dt>
      <dd>
        <input
          class="input mono"
          id="theirs"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          placeholder=${WORDS.comparePlaceholder}
          .value=${this.theirs}
          @input=${(event: Event) => {
            this.theirs = (event.target as HTMLInputElement).value;
          }}
        />
        <p class="verdict" role="status">${this.#verdict(fingerprint)}</p>
      </dd>
    </dl>`;
  }

  #verdict(fingerprint: string): TemplateResult | typeof nothing {
    const plain = (text: string) => text.toLowerCase().replaceAll(/[\s:-]/g, "");
    if (plain(this.theirs) === "") return html`<span class="quiet">${WORDS.compareHelp}</span>`;
    return plain(this.theirs) === plain(fingerprint)
      ? html`<span class="same">${icons.check}${WORDS.same}</span>`
      : html`<span class="other">${icons.cross}${WORDS.other}</span>`;
  }

  static override styles = [
    controls,
    css`
      .about {
        max-width: 46rem;
        margin: var(--ks-1) 0 var(--ks-3);
        color: var(--ks-ink-2);
      }

      .card {
        display: grid;
        gap: var(--ks-4);
        padding: var(--ks-4) var(--ks-5);
      }

      dl {
        display: grid;
        grid-template-columns: 9rem minmax(0, 1fr);
        align-items: baseline;
        gap: var(--ks-4);
      }

      dt {
        color: var(--ks-ink-3);
      }

      dd {
        display: grid;
        gap: var(--ks-1);
        overflow-wrap: anywhere;
      }

      .fingerprint {
        display: grid;
        grid-template-columns: repeat(8, max-content);
        gap: var(--ks-1) var(--ks-3);
        font-size: var(--ks-text-large);
      }

      .input {
        max-width: 34rem;
      }

      form {
        display: grid;
        justify-items: start;
        gap: var(--ks-2);
      }

      form .field {
        width: 100%;
      }

      .verdict {
        min-height: calc(1em * var(--ks-line));
      }

      .same,
      .other {
        display: inline-flex;
        align-items: center;
        gap: var(--ks-1);
        font-weight: 500;
      }

      .same {
        color: var(--ks-ok);
      }

      .other {
        color: var(--ks-bad);
      }

      summary {
        border-radius: 3px;
        font-weight: 500;
        cursor: pointer;
      }

      details ul {
        display: grid;
        gap: var(--ks-1);
        max-width: 44rem;
        margin-top: var(--ks-2);
        padding-left: var(--ks-4);
        color: var(--ks-ink-2);
        list-style: disc;
      }

      @media (max-width: 52rem) {
        dl {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--ks-1);
        }

        dd + dt {
          margin-top: var(--ks-3);
        }
      }

      @media (max-width: 40rem) {
        .card {
          padding: var(--ks-4);
        }

        .fingerprint {
          grid-template-columns: repeat(4, max-content);
        }
      }
    `,
  ];
}

define("keyseal-companion", Companion);
