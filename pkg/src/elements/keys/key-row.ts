import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import type { Entry, KeysealError } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { ago, day, dollars, full } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import "../ui/menu.js";
import { problem } from "../ui/vault-element.js";
import { shownStatus } from "./status.js";

/** What a person asks of a row; the list does it. */
export type RowAction =
  | { do: "test" | "up" | "down" | "turnOn" | "turnOff" | "revoke" | "replace" | "limits" }
  | { do: "rename"; label: string };

export class RowEvent extends Event {
  constructor(
    readonly entry: Entry,
    readonly action: RowAction,
  ) {
    super("row-action");
  }
}

const MAX_LABEL = 60;

/** One key: one line on a desk, two on a phone. */
export class KeyRow extends LitElement {
  @property({ attribute: false }) entry!: Entry;
  @property() provider = "";
  @property({ type: Number }) place = 1;
  @property({ type: Number }) of = 1;
  @property({ type: Boolean }) testing = false;
  /** Whether its requests go by the relay, where the companion sees nothing of them. */
  @property({ type: Boolean }) relayed = false;
  @property({ attribute: false }) error: KeysealError | undefined;
  /** Minutes go by: the list hands down the time, so that "2 min ago" stays true. */
  @property({ type: Number }) now = Date.now();
  @state() private renaming = false;
  @query(".grip") private grip!: HTMLElement | null;
  @query("keyseal-menu") private menu!: HTMLElement | null;

  /** Puts the focus back on the handle after the row has moved. */
  focusHandle(): void {
    this.grip?.focus();
  }

  protected override render(): TemplateResult {
    const { entry } = this;
    const shown = shownStatus(entry, this.now);
    const dim = !entry.isActive || entry.needsReentry;
    return html`
      <div class="row ${dim ? "dim" : ""} ${this.of > 1 ? "" : "only"}" role="group" aria-label=${strings.keys.row(this.provider, entry.keyHint, entry.label)}>
        ${this.of > 1 ? this.#handle() : nothing}
        <div class="what">
          <span class="hint mono">${entry.keyHint}</span>
          ${this.renaming ? this.#renameField() : this.#label()}
        </div>
        <div class="second">
          <div class="state">
            ${
              this.testing
                ? html`<span class="pill quiet"><span class="spinner"></span>${strings.keys.testing}</span>`
                : html`<span class="pill ${shown.tone}" title=${entry.lastTestedAt ? full(entry.lastTestedAt) : nothing}>
                  <i class=${entry.status === "untested" || !entry.isActive ? "hollow" : ""}></i><span class="word">${shown.word}</span>${
                    shown.when ? html`<span class="when"> · ${shown.when}</span>` : nothing
                  }
                </span>`
            }
          </div>
          <span class="storage">
            ${entry.storage === "synced" ? icons.devices : icons.browser}${strings.storage[entry.storage]}${
              this.relayed ? html` <span class="path">· ${strings.keys.relay}</span>` : nothing
            }
          </span>
        </div>
        <div class="actions">${this.#action()}</div>
        ${
          entry.pending === "revoke"
            ? nothing
            : html`<keyseal-menu .label=${strings.menu.open(entry.keyHint)} .items=${this.#items()}></keyseal-menu>`
        }
        ${shown.why && !this.testing ? html`<p class="why">${shown.why}</p>` : nothing}
        ${this.error ? html`<div class="why">${problem(this.error)}</div>` : nothing}
      </div>
    `;
  }

  #handle(): TemplateResult {
    return html`
      <span class="lead">
        <button
          class="grip"
          type="button"
          aria-label=${strings.keys.move(this.entry.keyHint)}
          @keydown=${this.#moveByKey}
          @pointerdown=${this.#grab}
        >
          ${icons.grip}
        </button>
        <span class="place" aria-hidden="true">${this.place}</span>
      </span>
    `;
  }

  #label(): TemplateResult {
    const { entry } = this;
    const facts = [
      entry.host ? strings.keys.custom(entry.host) : "",
      entry.lastUsedAt ? strings.keys.used(ago(entry.lastUsedAt, this.now)) : "",
      entry.expiresAt && Date.parse(entry.expiresAt) > this.now
        ? strings.keys.expires(day(entry.expiresAt))
        : "",
      entry.budgetUsd !== null && entry.budgetLeftUsd !== null
        ? strings.keys.budget(dollars(entry.budgetLeftUsd), dollars(entry.budgetUsd))
        : "",
    ].filter(Boolean);
    return html`
      <span class="label" title=${entry.label || nothing} dir="auto">${entry.label || nothing}</span>
      ${facts.length ? html`<span class="facts">${facts.join(" · ")}</span>` : nothing}
    `;
  }

  #renameField(): TemplateResult {
    return html`
      <form class="rename" @submit=${this.#rename} @keydown=${this.#renameByKey}>
        <input
          class="input"
          name="label"
          maxlength=${MAX_LABEL}
          autocomplete="off"
          aria-label=${strings.rename.label}
          placeholder=${strings.keys.noLabel}
          .value=${this.entry.label}
        />
        <button class="button small primary" type="submit">${strings.rename.save}</button>
        <button class="button small" type="button" @click=${() => this.#stopRenaming()}>
          ${strings.rename.cancel}
        </button>
      </form>
    `;
  }

  #action(): TemplateResult | typeof nothing {
    if (this.entry.needsReentry) {
      return html`<button class="button small primary" type="button" @click=${() => this.#ask({ do: "replace" })}>
        ${strings.keys.enterAgain}
      </button>`;
    }
    if (this.entry.pending === "revoke") return nothing;
    if (!this.entry.isActive || this.entry.status === "valid" || this.entry.status === "limited")
      return nothing;
    return html`<button
      class="button small"
      type="button"
      aria-disabled=${this.testing ? "true" : nothing}
      @click=${() => this.testing || this.#ask({ do: "test" })}
    >
      ${strings.keys.test}
    </button>`;
  }

  #items() {
    const { entry } = this;
    const words = strings.menu;
    const ask =
      (
        action: RowAction["do"] &
          ("test" | "up" | "down" | "turnOn" | "turnOff" | "revoke" | "replace" | "limits"),
      ) =>
      () =>
        this.#ask({ do: action });
    return [
      { name: words.test, action: ask("test"), disabled: entry.needsReentry || this.testing },
      { name: words.rename, action: () => this.#startRenaming() },
      { name: words.limits, action: ask("limits") },
      { name: words.replace, action: ask("replace") },
      ...(this.of > 1
        ? [
            { name: words.up, action: ask("up"), disabled: this.place === 1 },
            { name: words.down, action: ask("down"), disabled: this.place === this.of },
          ]
        : []),
      entry.isActive
        ? { name: words.turnOff, action: ask("turnOff") }
        : { name: words.turnOn, action: ask("turnOn") },
      { name: words.revoke, action: ask("revoke"), danger: true },
    ];
  }

  #ask(action: RowAction): void {
    this.dispatchEvent(new RowEvent(this.entry, action));
  }

  readonly #moveByKey = (event: KeyboardEvent) => {
    const move = { ArrowUp: "up", ArrowDown: "down" }[event.key] as "up" | "down" | undefined;
    if (!move) return;
    event.preventDefault();
    this.#ask({ do: move });
  };

  readonly #grab = (event: PointerEvent) => {
    if (event.button !== 0) return;
    this.dispatchEvent(new CustomEvent("row-grab", { detail: event }));
  };

  async #startRenaming(): Promise<void> {
    this.renaming = true;
    await this.updateComplete;
    this.shadowRoot?.querySelector("input")?.select();
  }

  #stopRenaming(): void {
    this.renaming = false;
    this.menu?.focus();
  }

  readonly #renameByKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") this.#stopRenaming();
  };

  readonly #rename = (event: SubmitEvent) => {
    event.preventDefault();
    const label = String(new FormData(event.target as HTMLFormElement).get("label")).trim();
    this.#stopRenaming();
    if (label !== this.entry.label) this.#ask({ do: "rename", label });
  };

  static override styles = [
    controls,
    css`
      .row {
        display: grid;
        grid-template-columns: 3rem minmax(0, 1fr) 13.5rem 11.75rem 3.5rem max-content;
        align-items: center;
        gap: 0 var(--ks-3);
        min-height: 3.25rem;
        padding: var(--ks-2) var(--ks-3) var(--ks-2) var(--ks-2);
      }

      .row.only {
        grid-template-columns: minmax(0, 1fr) 13.5rem 11.75rem 3.5rem max-content;
        padding-left: var(--ks-4);
      }

      .row.only .why {
        grid-column: 1 / -1;
      }

      .lead {
        display: flex;
        align-items: center;
        gap: var(--ks-1);
        color: var(--ks-ink-3);
      }

      .grip {
        display: grid;
        place-items: center;
        width: 1.5rem;
        height: 2rem;
        padding: 0;
        border: 0;
        border-radius: var(--ks-radius-small);
        background: none;
        color: var(--ks-ink-3);
        cursor: grab;
        touch-action: none;
      }

      .grip:hover {
        background: var(--ks-quiet-soft);
        color: var(--ks-ink);
      }

      :host([dragging]) .grip {
        cursor: grabbing;
      }

      .place {
        font-variant-numeric: tabular-nums;
      }

      .what {
        display: flex;
        align-items: baseline;
        flex-wrap: wrap;
        gap: 0 var(--ks-3);
        min-width: 0;
      }

      .hint {
        white-space: nowrap;
      }

      .label {
        max-width: 100%;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        color: var(--ks-ink);
        font-weight: 500;
      }

      .label:empty {
        display: none;
      }

      .facts,
      .storage {
        color: var(--ks-ink-3);
        white-space: nowrap;
      }

      .facts {
        overflow: hidden;
        text-overflow: ellipsis;
      }

      .dim .hint,
      .dim .label {
        color: var(--ks-ink-3);
      }

      .pill {
        display: inline-flex;
        align-items: center;
        gap: 0.4rem;
        max-width: 100%;
        min-height: 1.5rem;
        padding: 0 0.55rem;
        border-radius: 999px;
        white-space: nowrap;
        font-weight: 500;
        transition:
          background var(--ks-motion),
          color var(--ks-motion);
      }

      .pill .when {
        min-width: 0;
        overflow: hidden;
        font-weight: 400;
        text-overflow: ellipsis;
      }

      .pill i {
        flex: none;
        width: 7px;
        height: 7px;
        border-radius: 50%;
        background: currentColor;
      }

      .pill i.hollow {
        background: none;
        box-shadow: inset 0 0 0 1.5px currentColor;
      }

      .pill .spinner {
        width: 0.7rem;
        height: 0.7rem;
      }

      .pill.ok {
        background: var(--ks-ok-soft);
        color: var(--ks-ok);
      }

      .pill.warn {
        background: var(--ks-warn-soft);
        color: var(--ks-warn);
      }

      .pill.bad {
        background: var(--ks-bad-soft);
        color: var(--ks-bad);
      }

      .pill.quiet {
        background: var(--ks-quiet-soft);
        color: var(--ks-quiet);
      }

      .second {
        display: contents;
      }

      .state {
        min-width: 0;
      }

      .actions {
        justify-self: end;
      }

      .why {
        grid-column: 2 / -1;
        padding-bottom: var(--ks-1);
        color: var(--ks-ink-2);
        overflow-wrap: anywhere;
      }

      .rename {
        display: flex;
        flex: 1 1 100%;
        gap: var(--ks-2);
        margin-top: var(--ks-1);
      }

      .rename .input {
        min-height: 1.75rem;
        padding-block: 0.1rem;
      }

      .storage {
        display: inline-flex;
        align-items: center;
        gap: var(--ks-2);
      }

      @media (pointer: coarse) {
        .grip {
          width: 2.75rem;
          height: 2.75rem;
        }

        .place {
          display: none;
        }
      }

      /* High contrast paints over grounds: what they say stays readable by an edge. */
      @media (forced-colors: active) {
        .pill {
          border: 1px solid CanvasText;
        }

        .pill i {
          background: CanvasText;
        }
      }

      @media (max-width: 52rem) {
        /* Two lines: what it is, and how it is. */
        .row,
        .row.only {
          grid-template-columns: minmax(0, 1fr) auto max-content;
          gap: var(--ks-1) var(--ks-2);
          padding: var(--ks-3) var(--ks-2) var(--ks-3) var(--ks-4);
        }

        .row:not(.only) {
          grid-template-columns: 2.75rem minmax(0, 1fr) auto max-content;
          padding-left: var(--ks-1);
        }

        .lead {
          grid-area: 1 / 1;
        }

        .what {
          flex-wrap: nowrap;
          grid-area: 1 / -4;
        }

        /* Without a button the room is the label's. */
        .row:not(:has(.actions > *)) .what {
          grid-column-end: -2;
        }

        .what:has(.rename) {
          flex-wrap: wrap;
          grid-column: -4 / -1;
        }

        .what:has(.rename) ~ .actions,
        .what:has(.rename) ~ keyseal-menu,
        .facts {
          display: none;
        }

        .actions {
          grid-area: 1 / -3;
        }

        keyseal-menu {
          grid-area: 1 / -2;
          justify-self: end;
        }

        .second {
          display: flex;
          flex-wrap: wrap;
          align-items: center;
          justify-content: space-between;
          gap: 0 var(--ks-3);
          grid-area: 2 / -4 / auto / -1;
          min-width: 0;
          padding-right: var(--ks-2);
        }

        .why {
          grid-column: -4 / -1;
        }
      }
    `,
  ];
}

define("keyseal-key-row", KeyRow);
