import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import type { ActivityEvent, ActivityQuery } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { badge, controls } from "../ui/controls.js";
import { ago, day, full } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { ReportElement, reportStyles } from "../ui/report.js";
import { problem } from "../ui/vault-element.js";
import { detailOf, wordsOf } from "./words.js";

const WORDS = strings.activity;

interface Filter {
  action: string;
  entry: string;
  /** Days as the person's own calendar has them. */
  from: string;
  to: string;
}

const NO_FILTER: Filter = { action: "", entry: "", from: "", to: "" };

/**
 * What was done with a person's keys, and when, as the companion has written it down.
 *
 * @example
 * document.querySelector("keyseal-activity").vault = vault;
 */
export class ActivityView extends ReportElement {
  @state() private filter = NO_FILTER;
  @state() private events: readonly ActivityEvent[] | undefined;
  @state() private next: string | null = null;

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed as PropertyValues<this>);
    if (changed.has("vault")) this.events = undefined;
    if (this.vault && (changed.has("vault") || changed.has("filter"))) void this.load();
  }

  /** The first page, or the one after those that are shown. */
  protected override load(cursor?: string): Promise<void> {
    const query = { ...queryOf(this.filter), ...(cursor ? { cursor } : {}) };
    return this.ask(
      () => this.vault.activity(query),
      ({ events, nextCursor }) => {
        this.events = cursor ? [...(this.events ?? []), ...events] : events;
        this.next = nextCursor;
      },
    );
  }

  protected override render(): TemplateResult {
    return html`
      <h1>${WORDS.title}</h1>
      <p class="lead">${WORDS.lead}</p>
      ${this.vault ? this.#filters() : nothing}
      <p class="hidden" role="status">${this.loading ? WORDS.loading : ""}</p>
      ${
        this.error
          ? html`<div class="failed">
            ${problem(this.error)}
            <button class="button small" type="button" @click=${() => this.load()}>${WORDS.retry}</button>
          </div>`
          : nothing
      }
      ${this.events ? this.#list(this.events) : this.error ? nothing : html`<div class="card waiting" aria-hidden="true"></div>`}
    `;
  }

  #filters(): TemplateResult {
    const { action, entry, from, to } = this.filter;
    const choose = (name: keyof Filter) => (event: Event) => {
      const { value } = event.target as HTMLSelectElement | HTMLInputElement;
      this.filter = { ...this.filter, [name]: value };
    };
    const isSynced = ({ storage }: { storage: string }) => storage === "synced";
    return html`<form class="filters" aria-label=${WORDS.filters} @submit=${(event: Event) => event.preventDefault()}>
      <label class="field">
        <span class="name">${WORDS.what}</span>
        <select class="input" @change=${choose("action")}>
          <option value="">${WORDS.everything}</option>
          ${Object.entries(WORDS.actions).map(
            ([name, { filter }]) =>
              html`<option value=${name} ?selected=${name === action}>${filter}</option>`,
          )}
        </select>
      </label>
      <label class="field">
        <span class="name">${WORDS.key}</span>
        <select class="input" @change=${choose("entry")}>
          <option value="">${WORDS.allKeys}</option>
          ${this.vault.entries.filter(isSynced).map(
            ({
              id,
              provider,
              label,
              keyHint,
            }) => html`<option value=${id} ?selected=${id === entry}>
              ${this.providerName(provider)}: ${label || keyHint}
            </option>`,
          )}
        </select>
      </label>
      <label class="field">
        <span class="name">${WORDS.from}</span>
        <input class="input" type="date" .value=${from} max=${to || nothing} @change=${choose("from")} />
      </label>
      <label class="field">
        <span class="name">${WORDS.to}</span>
        <input class="input" type="date" .value=${to} min=${from || nothing} @change=${choose("to")} />
      </label>
      ${
        this.filter === NO_FILTER
          ? nothing
          : html`<button
              class="link"
              type="button"
              @click=${() => {
                this.filter = NO_FILTER;
              }}
            >
              ${WORDS.clear}
            </button>`
      }
    </form>`;
  }

  #list(events: readonly ActivityEvent[]): TemplateResult {
    if (events.length === 0) {
      const filtered = this.filter !== NO_FILTER;
      return html`<section class="card empty">
        <span class="badge">${icons.info}</span>
        <h2>${filtered ? WORDS.noneFound : WORDS.emptyTitle}</h2>
        <p>${filtered ? WORDS.noneFoundText : WORDS.empty}</p>
      </section>`;
    }
    const days = byDay(events);
    return html`<div class="days" aria-busy=${this.loading}>
        ${days.map(
          ([name, its]) => html`<section aria-label=${name}>
            <h2>${name}</h2>
            <ol class="card">
              ${its.map((event) => this.#event(event))}
            </ol>
          </section>`,
        )}
      </div>
      ${
        this.next
          ? html`<button
              class="button more"
              type="button"
              aria-disabled=${this.loading ? "true" : nothing}
              @click=${() => !this.loading && this.load(this.next ?? undefined)}
            >
              ${this.loading ? html`<span class="spinner"></span>` : nothing}${WORDS.older}
            </button>`
          : html`<p class="quiet end">${WORDS.end}</p>`
      }`;
  }

  #event(event: ActivityEvent): TemplateResult {
    const { at, action, provider, entryId, keyHint } = event;
    const entry = this.vault.entries.find(({ id }) => id === entryId);
    const detail = detailOf(event);
    return html`<li>
      <span class="icon ${action === "request.refuse" ? "warn" : ""}">${iconOf(action)}</span>
      <span class="what">
        <span>${wordsOf(action)}</span>
        ${
          entryId
            ? html`<span class="quiet">
              ${provider ? this.providerName(provider) : nothing}
              ${entry?.label ? html`<bdi>${entry.label}</bdi>` : nothing}
              <span class="mono">${keyHint ?? WORDS.gone}</span>
            </span>`
            : provider
              ? html`<span class="quiet">${this.providerName(provider)}</span>`
              : nothing
        }
        ${detail ? html`<span class="detail">${detail}</span>` : nothing}
      </span>
      <time class="quiet" datetime=${at} title=${full(at)}>${ago(at)}</time>
    </li>`;
  }

  /** @internal */
  static override styles = [
    controls,
    badge,
    css`
      .lead {
        margin: var(--ks-1) 0 var(--ks-5);
        max-width: 46rem;
        color: var(--ks-ink-2);
      }

      .filters {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr)) repeat(2, minmax(8rem, 10rem));
        align-items: end;
        gap: var(--ks-2) var(--ks-3);
        margin-bottom: var(--ks-5);
      }

      .filters .link {
        justify-self: start;
      }

      .filters .field,
      .filters .input {
        min-width: 0;
      }

      .filters .input {
        height: 2.375rem;
        padding-inline: var(--ks-2);
      }

      .days {
        display: grid;
        gap: var(--ks-5);
      }

      .days[aria-busy="true"] {
        opacity: 0.6;
        transition: opacity var(--ks-motion) 200ms;
      }

      .days h2 {
        margin-bottom: var(--ks-2);
        font-size: var(--ks-text);
        letter-spacing: 0;
        color: var(--ks-ink-2);
      }

      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        align-items: baseline;
        gap: var(--ks-1) var(--ks-3);
        padding: var(--ks-3) var(--ks-4);
      }

      li + li {
        border-top: 1px solid var(--ks-border);
      }

      .icon {
        align-self: center;
        color: var(--ks-ink-3);
      }

      .icon.warn {
        color: var(--ks-warn);
      }

      .what {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--ks-3);
        overflow-wrap: anywhere;
      }

      .detail {
        flex-basis: 100%;
        color: var(--ks-ink-2);
      }

      time {
        white-space: nowrap;
      }

      .more {
        margin-top: var(--ks-4);
      }

      .end {
        margin-top: var(--ks-4);
      }

      .waiting {
        min-height: 16rem;
        background: var(--ks-sunken);
        border-color: transparent;
        box-shadow: none;
      }

      @media (max-width: 52rem) {
        .filters {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
    `,
    reportStyles,
  ];
}

function queryOf({ action, entry, from, to }: Filter): ActivityQuery {
  // A day ends where the next begins, wherever the clock was set forward between them.
  const after = new Date(`${to}T00:00`);
  after.setDate(after.getDate() + 1);
  return {
    ...(action ? { action } : {}),
    ...(entry ? { entry } : {}),
    ...(from ? { since: new Date(`${from}T00:00`) } : {}),
    ...(to ? { until: after } : {}),
  };
}

/** Events, the newest first, under the days of the person's own calendar. */
function byDay(events: readonly ActivityEvent[]): [day: string, events: ActivityEvent[]][] {
  const days: [string, ActivityEvent[]][] = [];
  for (const event of events) {
    const name = day(event.at);
    const last = days.at(-1);
    if (last?.[0] === name) last[1].push(event);
    else days.push([name, [event]]);
  }
  return days;
}

function iconOf(action: string): TemplateResult {
  if (action === "request.refuse") return icons.warn;
  if (action.startsWith("key.")) return icons.key;
  if (action.startsWith("relay.")) return icons.browser;
  return action === "operator.token" ? icons.server : icons.info;
}

define("keyseal-activity", ActivityView);
