import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Entry, KeysealError } from "../../index.js";
import type { EntryPatch } from "../../vault/arguments.js";
import { isAway as saysAway } from "../../vault/companion.js";
import { COMPANIONS_OWN } from "../../vault/relayed.js";
import { isAway } from "../away.js";
import { define } from "../define.js";
import { type Changed, emit } from "../events.js";
import * as strings from "../strings.js";
import "../ui/confirm-dialog.js";
import type { ConfirmDialog } from "../ui/confirm-dialog.js";
import { controls } from "../ui/controls.js";
import { icons } from "../ui/icons.js";
import { VaultElement } from "../ui/vault-element.js";
import "../add/add-dialog.js";
import type { AddDialog } from "../add/add-dialog.js";
import { offersDemo } from "../add/demo-key.js";
import { comingBack } from "../add/oauth-return.js";
import { dragged, movedTo } from "./drag.js";
import "./key-row.js";
import type { KeyRow, RowEvent } from "./key-row.js";
import "./limits-dialog.js";
import type { LimitsDialog } from "./limits-dialog.js";
import "./platform-switch.js";
import { shownStatus } from "./status.js";

const MINUTE_MS = 60_000;

interface Group {
  provider: string;
  name: string;
  entries: Entry[];
}

/** The list people come back to: their keys by provider, in the order of use. */
export class KeysView extends VaultElement {
  @state() private testing: ReadonlySet<string> = new Set();
  @state() private errors: ReadonlyMap<string, KeysealError> = new Map();
  /** The order being made, shown before the companion has confirmed it. */
  @state() private order: { provider: string; ids: readonly string[]; held?: string } | undefined;
  @state() private said = "";
  @state() private now = Date.now();
  /** Whose keys these are, where that is worth saying before one is sealed. */
  @property() account: string | undefined;
  @query("keyseal-add") private adding!: AddDialog;
  @query("keyseal-confirm") private confirm!: ConfirmDialog;
  @query("keyseal-limits") private limits!: LimitsDialog;

  #clock: ReturnType<typeof setInterval> | undefined;
  #wasAway = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#clock = setInterval(() => {
      this.now = Date.now();
    }, MINUTE_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    const away = isAway(this.vault);
    // What could not be done while the companion was away is no longer so once it is back.
    if (this.#wasAway && !away) {
      this.errors = new Map([...this.errors].filter(([, error]) => !saysAway(error)));
    }
    this.#wasAway = away;
  }

  /** The app's button for adding may stand elsewhere. */
  addKey(): Promise<void> {
    return this.adding.show();
  }

  protected override firstUpdated(): void {
    const back = comingBack(this.vault);
    if (back) void this.adding.follow(back);
  }

  protected override render(): TemplateResult {
    const groups = this.#groups();
    return html`
      <div class="head">
        <h1>${strings.keys.title}</h1>
        ${groups.length ? this.#addButton() : nothing}
      </div>
      <p class="lead">${strings.keys.lead}</p>
      <details class="how">
        <summary>${strings.keys.how}</summary>
        <ol>
          ${strings.keys.howSteps.map(
            ({ title, text }, index) => html`
              <li><span class="number" aria-hidden="true">${index + 1}</span>
                <div><strong>${title}</strong><p>${text}</p></div></li>
            `,
          )}
        </ol>
      </details>
      ${groups.length ? groups.map((group) => this.#group(group)) : this.#empty()}
      <p class="hidden" role="status">${this.said}</p>
      <keyseal-add .vault=${this.vault} .account=${this.account} exportparts="dialog, field">
        <slot name="added" slot="added"></slot>
      </keyseal-add>
      <keyseal-limits .vault=${this.vault}></keyseal-limits>
      <keyseal-confirm></keyseal-confirm>
    `;
  }

  #addButton(): TemplateResult {
    return html`<button class="button primary" type="button" @click=${() => this.adding.show()}>
      ${icons.plus}${strings.keys.add}
    </button>`;
  }

  #empty(): TemplateResult {
    return html`
      <section class="card empty">
        <span class="badge">${icons.key}</span>
        <h2>${strings.keys.emptyTitle}</h2>
        <p>${strings.keys.empty}</p>
        <div class="buttons">
          ${this.#addButton()}
          ${
            offersDemo(this.vault)
              ? html`<button class="button" type="button" @click=${() => this.adding.show({ demo: true })}>
                ${strings.keys.tryDemo}
              </button>`
              : nothing
          }
        </div>
      </section>
    `;
  }

  #group({ provider, name, entries }: Group): TemplateResult {
    return html`
      <section aria-labelledby=${`group-${provider}`}>
        <div class="group-head">
          <h2 id=${`group-${provider}`}>${name}</h2>
          <span class="quiet">${strings.keys.group(entries.length)}</span>
          ${
            this.#lends(provider)
              ? html`<keyseal-platform
                .vault=${this.vault}
                .provider=${provider}
                .name=${name}
              ></keyseal-platform>`
              : nothing
          }
        </div>
        <ol class="card" part="list" aria-label=${strings.keys.list(name)}>
          ${repeat(
            entries,
            ({ id }) => id,
            (entry, index) => html`
              <li data-id=${entry.id} class=${this.order?.held === entry.id ? "held" : nothing}>
                <keyseal-key-row
                  .entry=${entry}
                  .provider=${name}
                  .place=${index + 1}
                  .of=${entries.length}
                  .testing=${this.testing.has(entry.id)}
                  .relayed=${this.#goesByRelay(entry)}
                  .error=${this.errors.get(entry.id)}
                  .now=${this.now}
                  ?dragging=${this.order?.held === entry.id}
                  @row-action=${this.#act}
                  @row-grab=${(event: CustomEvent<PointerEvent>) => this.#drag(entry, event.detail)}
                ></keyseal-key-row>
              </li>
            `,
          )}
        </ol>
      </section>
    `;
  }

  #goesByRelay({ storage, provider }: Entry): boolean {
    return storage === "browser" && provider !== COMPANIONS_OWN && !this.vault.allowsEnvelope;
  }

  #groups(): Group[] {
    const groups = new Map<string, Group>();
    for (const entry of this.vault.entries) {
      const { provider } = entry;
      const group = groups.get(provider) ?? {
        provider,
        name: this.providerName(provider),
        entries: [],
      };
      group.entries.push(entry);
      groups.set(provider, group);
    }
    if (this.order) {
      const { ids } = this.order;
      const moved = groups.get(this.order.provider);
      moved?.entries.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    }
    return [...groups.values()].sort((a, b) => a.name.localeCompare(b.name, "en"));
  }

  readonly #act = async ({ entry, action }: RowEvent): Promise<void> => {
    const hint = entry.keyHint;
    switch (action.do) {
      case "test":
        return this.#test(entry);
      case "up":
        return this.#moveBy(entry, -1);
      case "down":
        return this.#moveBy(entry, 1);
      case "replace":
        return this.adding.show({ replace: entry });
      case "revoke":
        return this.#revoke(entry);
      case "limits":
        return this.limits.show(entry);
      case "rename":
        return this.#change(entry, "label", { label: action.label });
      case "turnOff":
        return this.#change(entry, "active", { isActive: false }, strings.keys.off(hint));
      case "turnOn":
        return this.#change(entry, "active", { isActive: true }, strings.keys.on(hint));
    }
  };

  #change(entry: Entry, what: Changed, patch: EntryPatch, said = ""): Promise<void> {
    return this.#try(
      entry,
      async () => {
        const changed = await this.vault.update(entry.id, patch);
        emit(this, "keyseal-changed", { what, provider: entry.provider, entry: changed });
      },
      said,
    );
  }

  /** Whether the operator has a key that could serve where none of the person's own can. */
  #lends(provider: string): boolean {
    const info = this.vault.providers.find(({ id }) => id === provider);
    return info?.platformAvailable === true;
  }

  /** Does one thing with one entry; what goes wrong is shown at that entry. */
  async #try(entry: Entry, work: () => Promise<unknown>, said = ""): Promise<void> {
    this.#error(entry.id, undefined);
    try {
      await work();
      this.said = said;
    } catch (thrown) {
      this.#error(entry.id, this.failure(thrown));
    }
  }

  async #test(entry: Entry): Promise<void> {
    if (this.testing.has(entry.id)) return;
    this.testing = new Set(this.testing).add(entry.id);
    await this.#try(entry, async () => {
      const result = await this.vault.test(entry.id);
      const now = this.vault.entries.find(({ id }) => id === entry.id);
      emit(this, "keyseal-tested", { entry: now ?? entry, result });
    });
    const left = new Set(this.testing);
    left.delete(entry.id);
    this.testing = left;
    const tested = this.vault.entries.find(({ id }) => id === entry.id);
    if (tested) this.said = strings.keys.tested(entry.keyHint, shownStatus(tested).word);
  }

  async #revoke(entry: Entry): Promise<void> {
    const words = strings.revoke;
    const name = this.providerName(entry.provider);
    const { dashboard } = this.vault.providers.find(({ id }) => id === entry.provider) ?? {};
    const yes = await this.confirm.ask({
      title: words.title(name),
      body: html`
        <p>${words.body(entry.keyHint, entry.label, entry.storage)}</p>
        ${
          dashboard
            ? html`<p>
              ${words.provider(name)}
              <a class="link" href=${dashboard} target="_blank" rel="noopener noreferrer">
                ${words.dashboard(name)} ${icons.out}
              </a>
            </p>`
            : nothing
        }
      `,
      confirm: words.confirm,
      cancel: words.cancel,
    });
    if (!yes) return;
    await this.#try(
      entry,
      async () => {
        await this.vault.revoke(entry.id);
        const { id, provider, keyHint } = entry;
        emit(this, "keyseal-revoked", { id, provider, keyHint });
      },
      strings.keys.revoked(entry.keyHint),
    );
    const waits = this.vault.entries.find(({ id }) => id === entry.id)?.pending === "revoke";
    if (waits) this.said = strings.keys.revokeWaits(entry.keyHint);
    if (!this.errors.has(entry.id))
      this.shadowRoot?.querySelector<HTMLElement>(".head .button")?.focus();
  }

  async #moveBy(entry: Entry, by: number): Promise<void> {
    const ids = this.#idsOf(entry.provider);
    const to = ids.indexOf(entry.id) + by;
    if (to < 0 || to >= ids.length) return;
    const committed = this.#commit(entry, movedTo(ids, entry.id, to));
    await this.updateComplete;
    this.#rowOf(entry.id)?.focusHandle();
    await committed;
    // A row that moved back lost the focus; whoever went on meanwhile is not called back.
    if (document.activeElement === document.body) this.#rowOf(entry.id)?.focusHandle();
  }

  async #drag(entry: Entry, start: PointerEvent): Promise<void> {
    const before = this.#idsOf(entry.provider);
    let ids: readonly string[] = before;
    await dragged(start, (y) => {
      const to = this.#placeAt(y, ids);
      if (to !== ids.indexOf(entry.id)) ids = movedTo(ids, entry.id, to);
      this.order = { provider: entry.provider, ids, held: entry.id };
    });
    if (ids.every((id, index) => id === before[index])) this.order = undefined;
    else await this.#commit(entry, ids);
  }

  /** Which place of the list lies at a height of the window. */
  #placeAt(y: number, ids: readonly string[]): number {
    const middles = ids.map((id) => {
      const box = this.#rowOf(id)?.getBoundingClientRect();
      return box ? box.top + box.height / 2 : 0;
    });
    const above = middles.filter((middle) => middle < y).length;
    return Math.min(Math.max(0, above), ids.length - 1);
  }

  /** Shows the new order at once and makes it so; if that fails, the old one comes back and says why. */
  async #commit(entry: Entry, ids: readonly string[]): Promise<void> {
    this.order = { provider: entry.provider, ids };
    await this.updateComplete;
    const place = ids.indexOf(entry.id) + 1;
    const said = strings.keys.moved(entry.keyHint, place, ids.length);
    await this.#try(
      entry,
      async () => {
        await this.vault.reorder(entry.provider, ids);
        emit(this, "keyseal-changed", { what: "order", provider: entry.provider });
      },
      said,
    );
    this.order = undefined;
    await this.updateComplete;
  }

  #idsOf(provider: string): string[] {
    const group = this.#groups().find((group) => group.provider === provider);
    return group?.entries.map(({ id }) => id) ?? [];
  }

  #rowOf(id: string): KeyRow | null {
    return this.renderRoot.querySelector<KeyRow>(
      `li[data-id="${CSS.escape(id)}"] > keyseal-key-row`,
    );
  }

  #error(id: string, error: KeysealError | undefined): void {
    const errors = new Map(this.errors);
    if (error) errors.set(id, error);
    else errors.delete(id);
    this.errors = errors;
  }

  static override styles = [
    controls,
    css`
      .head {
        display: flex;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--ks-4);
        min-height: 2.25rem;
      }

      .lead {
        margin-top: var(--ks-1);
        color: var(--ks-ink-2);
      }

      .how {
        margin: var(--ks-2) 0 var(--ks-8);
      }

      .how summary {
        width: fit-content;
        color: var(--ks-accent-ink);
        font-weight: 500;
        cursor: pointer;
        border-radius: 3px;
      }

      .how ol {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));
        gap: var(--ks-4) var(--ks-6);
        margin-top: var(--ks-4);
        padding: var(--ks-4) var(--ks-5);
        border-radius: var(--ks-radius-large);
        background: var(--ks-accent-soft);
      }

      .how li {
        display: flex;
        gap: var(--ks-3);
      }

      .how li p {
        color: var(--ks-ink-2);
      }

      .number {
        display: grid;
        place-items: center;
        flex: none;
        width: 1.375rem;
        height: 1.375rem;
        border-radius: 50%;
        background: var(--ks-surface);
        color: var(--ks-accent-ink);
        font-size: 0.75rem;
        font-weight: 600;
      }

      section + section {
        margin-top: var(--ks-8);
      }

      .group-head {
        display: flex;
        align-items: center;
        flex-wrap: wrap;
        gap: 0 var(--ks-3);
        min-height: 1.75rem;
        margin-bottom: var(--ks-2);
      }

      keyseal-platform {
        margin-inline-start: auto;
      }

      .group-head h2 {
        font-size: var(--ks-text-large);
      }

      ol.card > li + li {
        border-top: 1px solid var(--ks-border);
      }

      li.held {
        position: relative;
        z-index: 1;
        background: var(--ks-accent-soft);
        box-shadow: inset 0 0 0 1px var(--ks-accent-ink);
        border-radius: var(--ks-radius);
      }

      .empty {
        display: grid;
        justify-items: center;
        gap: var(--ks-3);
        padding: var(--ks-12) var(--ks-6);
        text-align: center;
      }

      .empty p {
        max-width: 27rem;
        color: var(--ks-ink-2);
      }

      .badge {
        display: grid;
        place-items: center;
        width: 2.75rem;
        height: 2.75rem;
        border-radius: var(--ks-radius-large);
        background: var(--ks-accent-soft);
        color: var(--ks-accent-ink);
      }

      .badge svg {
        width: 20px;
        height: 20px;
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--ks-2);
        margin-top: var(--ks-3);
      }
    `,
  ];
}

define("keyseal-keys", KeysView);
