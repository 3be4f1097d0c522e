import { controls, icons } from "keyseal/elements/ui";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { strings } from "../strings.js";
import type { Failure, Told } from "./conversation.js";
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
        <p class="told">
          ${[...facts, ...(how ? [html`<span>${how}</span>`] : [])].map((fact, at) =>
            at ? html` <i aria-hidden="true">·</i> ${fact}` : fact,
          )}
        </p>
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

      .told [title] {
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

/** A request that failed has taken nothing that anybody knows of. */
function factsOf({ model, key, path, tokens, costUsd }: Told, counted: boolean): TemplateResult[] {
  const { input, output, total } = tokens;
  const all = total ?? (input !== null && output !== null ? input + output : null);
  const counts = input !== null && output !== null ? WORDS.tokensTitle(input, output) : nothing;
  const how = [
    html`<span>${model}</span>`,
    key === "platform" || !key
      ? html`<span>${WORDS.platform}</span>`
      : html`<span><span class="mono">${key.hint}</span>${key.label ? ` ${key.label}` : ""}</span>`,
    html`<span title=${path === "relay" ? WORDS.relayTitle : WORDS.forwardTitle}>${WORDS[path]}</span>`,
  ];
  if (!counted) return how;
  return [
    ...how,
    html`<span title=${counts}>${all === null ? WORDS.noTokens : WORDS.tokens(all)}</span>`,
    costUsd === null
      ? html`<span title=${WORDS.noCostTitle}>${WORDS.noCost}</span>`
      : html`<span>${WORDS.cost(costUsd)}</span>`,
  ];
}

function ending({ content, told, failure, stopped }: Answer): string {
  if (stopped) return WORDS.stopped;
  if (failure || !told) return "";
  if (!told.complete) return WORDS.cutShort;
  return content ? "" : WORDS.noText;
}

if (!customElements.get("keyseal-answer")) customElements.define("keyseal-answer", Answer);
