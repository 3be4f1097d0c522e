import { controls, icons } from "keyseal/elements/ui";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { strings } from "../strings.js";
import type { Failure, Key, Told } from "./conversation.js";
import { Copying } from "./copying.js";
import { Markdown } from "./markdown.js";
import { prose } from "./prose.js";

const WORDS = strings.playground;

/** One answer, as it comes: only this is drawn anew with every piece. */
export class Answer extends LitElement {
  @property({ attribute: false }) content = "";
  @property({ attribute: false }) told: Told | undefined;
  @property({ attribute: false }) failure: Failure | undefined;
  @property({ type: Boolean }) stopped = false;
  /** Still coming. */
  @property({ type: Boolean, reflect: true }) live = false;
  /** The last one can be asked for again. */
  @property({ type: Boolean }) last = false;
  /** What is said of one of the facts, once somebody asks. */
  @state() private explained = "";

  readonly #markdown = new Markdown();
  readonly #copying = new Copying(this);

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("content")) this.#copying.done = false;
  }

  protected override render(): TemplateResult {
    return html`
      <article aria-label=${WORDS.answer} aria-busy=${this.live}>
        ${this.live && !this.content ? html`<p class="waiting">${WORDS.thinking}</p>` : nothing}
        <div class="prose" dir="auto">${this.#markdown.render(this.content)}</div>
        ${this.#failed()}
        ${this.live ? nothing : this.#foot()}
      </article>
    `;
  }

  #failed(): TemplateResult | typeof nothing {
    if (!this.failure) return nothing;
    const { message, next, code } = this.failure;
    return html`
      <div class="problem">
        ${icons.warn}
        <div>
          <p><strong>${message}</strong></p>
          <p>${next} <span class="code">${strings.problem(code)}</span></p>
        </div>
      </div>
    `;
  }

  /** The quiet line: model · key used · forward or relay · tokens · cost; and what can be done with the answer. */
  #foot(): TemplateResult {
    const facts = this.told?.key ? factsOf(this.told, !this.failure) : [];
    const how = ending(this);
    return html`
      <div class="foot">
        <div class="told">
          <p>
            ${[...facts, ...(how ? [{ shown: html`${how}`, why: "" }] : [])].map((fact, at) =>
              at ? html` <i aria-hidden="true">·</i> ${this.#fact(fact)}` : this.#fact(fact),
            )}
          </p>
          <p role="status">${this.explained}</p>
        </div>
        <div class="acts">
          ${
            this.content
              ? html`<button class="link" type="button" @click=${() => this.#copying.copy(this.content)}>
                  ${this.#copying.done ? WORDS.copied : WORDS.copy}
                </button>`
              : nothing
          }
          ${
            this.last
              ? html`<button
                  class="link"
                  type="button"
                  @click=${() => this.dispatchEvent(new Event("again"))}
                >
                  ${this.failure ? WORDS.retry : WORDS.again}
                </button>`
              : nothing
          }
        </div>
      </div>
    `;
  }

  #fact({ shown, why }: Fact): TemplateResult {
    if (!why) return html`<span>${shown}</span>`;
    const open = this.explained === why;
    return html`<button
      class="fact"
      type="button"
      aria-expanded=${open}
      @click=${() => {
        this.explained = open ? "" : why;
      }}
    >
      ${shown}
    </button>`;
  }

  static override styles = [
    controls,
    prose,
    css`
      article {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--ks-2);
      }

      .waiting {
        color: var(--ks-ink-3);
      }

      :host([live]) .waiting {
        animation: breathe 1.6s ease-in-out infinite;
      }

      @keyframes breathe {
        50% {
          opacity: 0.45;
        }
      }

      @media (prefers-reduced-motion: reduce) {
        :host([live]) .waiting {
          animation: none;
        }
      }

      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--ks-1) var(--ks-4);
        color: var(--ks-ink-3);
      }

      .told {
        flex: 1 1 14rem;
        min-width: 0;
        overflow-wrap: anywhere;
      }

      .told i {
        font-style: normal;
      }

      .fact {
        padding: 0;
        border: 0;
        border-radius: var(--ks-radius-small);
        background: none;
        color: inherit;
        font: inherit;
        cursor: pointer;
        text-decoration: underline dotted;
        text-decoration-color: var(--ks-border-strong);
        text-underline-offset: 3px;
      }

      .acts {
        display: flex;
        gap: var(--ks-4);
      }

      .acts .link {
        min-height: 1.5rem;
      }
    `,
  ];
}

/** A word under an answer, and what it means, where that is not plain. */
interface Fact {
  shown: TemplateResult;
  why: string;
}

/** A request that failed has taken nothing that anybody knows of. */
function factsOf({ model, key, passed, path, tokens, costUsd }: Told, counted: boolean): Fact[] {
  const { input, output, total } = tokens;
  const all = total ?? (input !== null && output !== null ? input + output : null);
  const counts = input !== null && output !== null ? WORDS.tokensTitle(input, output) : "";
  const how: Fact[] = [
    { shown: html`${model}`, why: "" },
    key === "platform" || !key
      ? { shown: html`${WORDS.platform}`, why: "" }
      : { shown: keyOf(key), why: "" },
    ...(passed
      ? [{ shown: html`${WORDS.insteadOf} ${keyOf(passed)}`, why: WORDS.insteadTitle }]
      : []),
    { shown: html`${WORDS[path]}`, why: WORDS.paths[path] },
  ];
  if (!counted) return how;
  return [
    ...how,
    { shown: html`${all === null ? WORDS.noTokens : WORDS.tokens(all)}`, why: counts },
    costUsd === null
      ? { shown: html`${WORDS.noCost}`, why: WORDS.noCostTitle }
      : { shown: html`${WORDS.cost(costUsd)}`, why: "" },
  ];
}

function keyOf({ hint, label }: Key): TemplateResult {
  return html`<span class="mono">${hint}</span>${label ? ` ${label}` : ""}`;
}

function ending({ content, told, failure, stopped }: Answer): string {
  if (stopped) return WORDS.stopped;
  if (failure) return "";
  if (!told) return WORDS.interrupted;
  if (!told.complete) return WORDS.cutShort;
  return content ? "" : WORDS.noText;
}

if (!customElements.get("keyseal-answer")) customElements.define("keyseal-answer", Answer);
