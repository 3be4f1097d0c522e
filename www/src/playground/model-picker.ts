import { controls, icons } from "keyseal/elements/ui";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { strings } from "../strings.js";
import type { Choice } from "./conversation.js";
import { type Group, isChat } from "./models.js";

const WORDS = strings.playground;
/** Of one provider, before somebody types; all can be found. */
const SHOWN = 40;
const GAP = 6;
const TALL = 340;

/** One line of the list, in the order of the arrow keys. */
interface Line {
  choice: Choice;
  name: string;
}

/** Which model is asked: a button, and a list by provider that can be searched. Any model can be named. */
export class ModelPicker extends LitElement {
  @property({ attribute: false }) choice: Choice | null = null;
  @property({ attribute: false }) groups: readonly Group[] = [];
  /** The providers are being asked for more. */
  @property({ type: Boolean }) loading = false;
  @property({ type: Boolean }) auto = false;
  @state() private open = false;
  @state() private find = "";
  @state() private at = 0;
  @query(".opener") private opener!: HTMLButtonElement;
  @query("[popover]") private panel!: HTMLElement;
  @query("input") private field!: HTMLInputElement;
  /** Somebody has gone to another line than the chosen one. */
  #moved = false;

  override focus(): void {
    this.opener.focus();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // What came from the providers stands before and after the chosen one: the mark stays on it.
    if (changed.has("groups") && this.open && !this.#moved) this.#toChosen();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("at")) {
      this.renderRoot.querySelector(".at")?.scrollIntoView({ block: "nearest" });
    }
  }

  protected override render(): TemplateResult {
    const { model, provider } = this.#shown();
    return html`
      <button
        class="opener"
        type="button"
        aria-haspopup="dialog"
        aria-expanded=${this.open}
        aria-label=${WORDS.chosen(model, provider)}
        @click=${this.#toggle}
      >
        <b>${model}</b> <span>${provider}</span>${chevron}
      </button>
      <div
        popover
        role="dialog"
        aria-label=${WORDS.model}
        @toggle=${this.#toggled}
        @keydown=${this.#key}
      >
        ${this.open ? this.#list() : nothing}
      </div>
    `;
  }

  #list(): TemplateResult {
    const lines = this.#lines();
    const line = (it: Line) => {
      const at = lines.indexOf(it);
      const chosen = same(it.choice, this.choice);
      return html`<div
        id="line-${at}"
        role="option"
        class=${at === this.at ? "at" : nothing}
        aria-selected=${chosen}
        @click=${() => this.#choose(it.choice)}
        @pointermove=${() => {
          this.#moved = true;
          this.at = at;
        }}
      >
        <span>${it.name}</span>${chosen ? icons.check : nothing}
      </div>`;
    };
    const free = lines.filter(({ choice }) => choice !== "auto" && this.#isFree(choice));
    return html`
      <input
        class="input"
        role="combobox"
        aria-label=${WORDS.findModel}
        aria-expanded="true"
        aria-controls="lines"
        aria-autocomplete="list"
        aria-activedescendant=${lines.length ? `line-${this.at}` : nothing}
        placeholder=${WORDS.findModel}
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        .value=${this.find}
        @input=${(event: InputEvent) => {
          this.find = (event.target as HTMLInputElement).value;
          this.#moved = true;
          this.at = 0;
        }}
      />
      ${this.loading ? html`<p class="note loading" role="status">${WORDS.modelsLoading}</p>` : nothing}
      <div id="lines" role="listbox" aria-label=${WORDS.models}>
        ${lines
          .filter(({ choice }) => choice === "auto")
          .map(
            (it) => html`${line(it)}
            <p class="note" aria-hidden="true">${WORDS.autoText}</p>`,
          )}
        ${this.groups.map((group) => {
          const its = lines.filter(
            ({ choice }) =>
              choice !== "auto" && choice.provider === group.provider && !this.#isFree(choice),
          );
          const hidden = this.find ? 0 : group.models.length - its.length;
          if (!its.length) return nothing;
          return html`<div role="group" aria-label=${group.name}>
                  <p class="group" aria-hidden="true">
                    ${group.name} ${group.listed ? "" : html`<span>${WORDS.notListed}</span>`}
                  </p>
                  ${its.map(line)}
                  ${hidden > 0 ? html`<p class="note" aria-hidden="true">${WORDS.moreModels(hidden)}</p>` : nothing}
                </div>`;
        })}
        ${free.length ? html`<div role="group" aria-label=${WORDS.model}>${free.map(line)}</div>` : nothing}
      </div>
    `;
  }

  #shown(): { model: string; provider: string } {
    const { choice } = this;
    if (choice === "auto") return { model: WORDS.auto, provider: WORDS.companion };
    if (!choice) return { model: WORDS.model, provider: "" };
    const group = this.groups.find(({ provider }) => provider === choice.provider);
    return { model: choice.model, provider: group?.name ?? choice.provider };
  }

  #lines(): Line[] {
    const find = this.find.trim().toLowerCase();
    const lines: Line[] = [];
    if (this.auto && WORDS.auto.toLowerCase().includes(find)) {
      lines.push({ choice: "auto", name: WORDS.auto });
    }
    for (const { provider, name, models } of this.groups) {
      const whole = `${name} ${provider}`.toLowerCase();
      const fit = find
        ? models.filter((model) => model.toLowerCase().includes(find) || whole.includes(find))
        : models.filter(isChat);
      for (const model of fit.slice(0, SHOWN)) {
        lines.push({ choice: { provider, model }, name: model });
      }
    }
    const typed = this.find.trim();
    if (typed && !lines.some(({ name }) => name.toLowerCase() === find)) {
      for (const { provider, name } of this.groups) {
        const choice = { provider, model: typed };
        lines.push({ choice, name: WORDS.useModel(typed, name) });
      }
    }
    return lines;
  }

  #isFree({ provider, model }: Exclude<Choice, "auto">): boolean {
    const group = this.groups.find((it) => it.provider === provider);
    return !group?.models.includes(model);
  }

  readonly #toggle = () => {
    if (this.open) this.panel.hidePopover();
    else this.#show();
  };

  #show(): void {
    this.find = "";
    this.open = true;
    this.dispatchEvent(new Event("wanted"));
    this.#moved = false;
    this.#toChosen();
    this.panel.showPopover();
    const at = this.opener.getBoundingClientRect();
    const { style } = this.panel;
    const above = at.top > window.innerHeight - at.bottom;
    style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - this.panel.offsetWidth - 8))}px`;
    style.top = above ? "auto" : `${at.bottom + GAP}px`;
    style.bottom = above ? `${window.innerHeight - at.top + GAP}px` : "auto";
    // The same height whatever is found, so that nothing moves while somebody types.
    style.height = `${Math.min(TALL, (above ? at.top : window.innerHeight - at.bottom) - 16)}px`;
    void this.updateComplete.then(() => this.field?.focus());
  }

  #toChosen(): void {
    const chosen = this.#lines().findIndex(({ choice }) => same(choice, this.choice));
    this.at = Math.max(0, chosen);
  }

  readonly #toggled = (event: ToggleEvent) => {
    this.open = event.newState === "open";
  };

  readonly #key = (event: KeyboardEvent) => {
    const lines = this.#lines();
    const to = {
      ArrowDown: Math.min(this.at + 1, lines.length - 1),
      ArrowUp: Math.max(this.at - 1, 0),
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#moved = true;
      this.at = to;
    } else if (event.key === "Enter") {
      event.preventDefault();
      const line = lines[this.at];
      if (line) this.#choose(line.choice);
    } else if (event.key === "Escape" || event.key === "Tab") {
      // What stands around has a meaning for Escape too: this one closes the list.
      event.stopPropagation();
      if (event.key === "Escape") event.preventDefault();
      this.panel.hidePopover();
      this.opener.focus();
    }
  };

  #choose(choice: Choice): void {
    this.panel.hidePopover();
    this.opener.focus();
    this.dispatchEvent(new CustomEvent<Choice>("choose", { detail: choice }));
  }

  static override styles = [
    controls,
    css`
      :host {
        min-width: 0;
      }

      .opener {
        display: flex;
        align-items: center;
        gap: var(--ks-2);
        max-width: 100%;
        min-height: 2.25rem;
        padding: 0 var(--ks-2);
        border: 1px solid transparent;
        border-radius: var(--ks-radius);
        background: none;
        cursor: pointer;
        transition: background var(--ks-motion);
      }

      .opener:hover,
      .opener[aria-expanded="true"] {
        background: var(--ks-quiet-soft);
      }

      .opener b,
      .opener span {
        overflow: hidden;
        white-space: nowrap;
        text-overflow: ellipsis;
      }

      .opener b {
        font-weight: 500;
      }

      .opener span {
        flex: 0 100 auto;
        color: var(--ks-ink-3);
      }

      [popover] {
        position: fixed;
        inset: auto;
        width: min(24rem, calc(100vw - 1rem));
        margin: 0;
        padding: 0;
        border: 1px solid var(--ks-border);
        border-radius: var(--ks-radius-large);
        background: var(--ks-surface);
        color: var(--ks-ink);
        box-shadow: var(--ks-shadow-high);
        overflow: hidden;
      }

      [popover]:popover-open {
        display: flex;
        flex-direction: column;
      }

      .input {
        flex: none;
        border: 0;
        border-bottom: 1px solid var(--ks-border);
        border-radius: 0;
        min-height: 2.75rem;
      }

      .input:focus-visible {
        outline: none;
        border-bottom-color: var(--ks-accent-ink);
        box-shadow: inset 0 -1px 0 var(--ks-accent-ink);
      }

      [role="listbox"] {
        padding: var(--ks-2);
        overflow: auto;
      }

      [role="option"] {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--ks-3);
        padding: 0.4rem var(--ks-3);
        border-radius: var(--ks-radius-small);
        overflow-wrap: anywhere;
        cursor: pointer;
      }

      [role="option"].at {
        background: var(--ks-quiet-soft);
      }

      [role="option"][aria-selected="true"] {
        color: var(--ks-accent-ink);
        font-weight: 500;
      }

      .group {
        padding: var(--ks-3) var(--ks-3) var(--ks-1);
        color: var(--ks-ink-2);
        font-weight: 600;
      }

      .group span,
      .note {
        color: var(--ks-ink-3);
        font-weight: 400;
      }

      .note {
        padding: 0 var(--ks-3) var(--ks-1);
      }

      .loading {
        padding-top: var(--ks-2);
      }

      @media (max-width: 30rem) {
        .opener span {
          display: none;
        }
      }

      @media (pointer: coarse) {
        .opener {
          min-height: 2.75rem;
        }

        [role="option"] {
          padding-block: 0.75rem;
        }
      }
    `,
  ];
}

const chevron = html`<svg aria-hidden="true" width="12" height="12" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"><path d="m3.5 6 4.5 4.5L12.5 6" /></svg>`;

function same(a: Choice, b: Choice | null): boolean {
  if (a === "auto" || b === "auto" || !b) return a === b;
  return a.provider === b.provider && a.model === b.model;
}

if (!customElements.get("keyseal-model-picker")) {
  customElements.define("keyseal-model-picker", ModelPicker);
}
