import { css, html, nothing, type TemplateResult } from "lit";
import { query } from "lit/decorators.js";
import type { Slot } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { day, full } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { VaultElement } from "../ui/vault-element.js";
import "./way-dialog.js";
import type { Task, WayDialog } from "./way-dialog.js";

const WORDS = strings.ways;
const KINDS = ["device", "passphrase", "passkey", "recovery"] as const;

/** The ways to unlock this browser's vault: what each is good for, and which can be added or removed. */
export class Ways extends VaultElement {
  @query("keyseal-way-dialog") private dialog!: WayDialog;

  protected override render(): TemplateResult {
    const { slots, unlocked } = this.vault;
    // Before its first key there is no vault that could be locked.
    const may = unlocked || slots.length === 0;
    const missing = KINDS.filter((kind) => !slots.some((slot) => slot.kind === kind));
    return html`
      <h2 id="ways">${WORDS.title}</h2>
      <p class="about">${may ? WORDS.text : `${WORDS.text} ${WORDS.locked}`}</p>
      ${slots.length ? nothing : html`<p class="about">${WORDS.none}</p>`}
      <ul class="card" aria-labelledby="ways">
        ${slots.map((slot) => this.#way(slot, may))}
        ${missing
          .filter((kind) => kind !== "device" || slots.length > 0)
          .map((kind) => this.#missing(kind, may))}
      </ul>
      ${this.#advice(slots)}
      <keyseal-way-dialog .vault=${this.vault}></keyseal-way-dialog>
    `;
  }

  #way(slot: Slot, may: boolean): TemplateResult {
    const { kind, added } = slot;
    const { name, for: good, not } = WORDS.kinds[kind];
    const lost =
      kind === "device" && this.vault.problems.some(({ code }) => code === "vault_key_lost");
    const only = this.#isOnly(slot);
    return html`<li>
      <span class="mark on">${icons.check}</span>
      <div class="text">
        <p>
          <strong>${name}</strong>
          ${added ? html`<span class="quiet" title=${full(added)}>${WORDS.added(day(added))}</span>` : nothing}
        </p>
        ${lost ? html`<p class="lost">${WORDS.deviceLost}</p>` : nothing}
        ${this.#worth(good, not)}
        ${only ? html`<p class="quiet">${WORDS.keepsOne}</p>` : nothing}
      </div>
      ${
        may
          ? html`<div class="actions">
            ${kind === "passphrase" ? this.#button(WORDS.change, { do: "change", slot }) : nothing}
            ${kind === "passkey" ? this.#button(WORDS.another, { do: "passkey" }) : nothing}
            ${kind === "recovery" ? this.#button(WORDS.newCode, { do: "recovery" }) : nothing}
            ${only ? nothing : this.#button(WORDS.remove, { do: "remove", slot }, WORDS.removeOf(name))}
          </div>`
          : nothing
      }
    </li>`;
  }

  #missing(kind: Slot["kind"], may: boolean): TemplateResult {
    const { name, for: good, not } = WORDS.kinds[kind];
    return html`<li class="missing">
      <span class="mark">${icons.plus}</span>
      <div class="text">
        <p><strong>${name}</strong></p>
        ${this.#worth(good, not)}
      </div>
      ${
        may
          ? html`<div class="actions">${this.#button(WORDS.add[kind], { do: kind })}</div>`
          : nothing
      }
    </li>`;
  }

  #worth(good: string, not: string): TemplateResult {
    return html`<p class="worth"><span class="quiet">${WORDS.forWord}</span> ${good}</p>
      <p class="worth"><span class="quiet">${WORDS.notWord}</span> ${not}</p>`;
  }

  #button(words: string, task: Task, label?: string): TemplateResult {
    return html`<button
      class="button small"
      type="button"
      aria-label=${label ?? nothing}
      @click=${() => this.dialog.open(task)}
    >
      ${words}
    </button>`;
  }

  /** The last one that is no passkey: it has to stay. */
  #isOnly(slot: Slot): boolean {
    return (
      slot.kind !== "passkey" &&
      !this.vault.slots.some(({ id, kind }) => id !== slot.id && kind !== "passkey")
    );
  }

  #advice(slots: readonly Slot[]): TemplateResult | typeof nothing {
    const has = (kind: Slot["kind"]) => slots.some((slot) => slot.kind === kind);
    if (slots.length === 0) return nothing;
    const { onlyDevice, noRecovery, cleared } = WORDS.advice;
    const first = has("recovery")
      ? ""
      : slots.every(({ kind }) => kind === "device")
        ? onlyDevice
        : noRecovery;
    return html`${[first, cleared].map((words) =>
      words ? html`<p class="advice">${icons.info}<span>${words}</span></p>` : nothing,
    )}`;
  }

  static override styles = [
    controls,
    css`
      .about {
        max-width: 46rem;
        margin: var(--ks-1) 0 var(--ks-3);
        color: var(--ks-ink-2);
      }

      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: var(--ks-2) var(--ks-3);
        padding: var(--ks-4) var(--ks-5);
      }

      li + li {
        border-top: 1px solid var(--ks-border);
      }

      .mark {
        display: grid;
        place-items: center;
        width: 1.5rem;
        height: 1.5rem;
        border-radius: 50%;
        color: var(--ks-ink-3);
      }

      .mark.on {
        background: var(--ks-ok-soft);
        color: var(--ks-ok);
      }

      .missing strong {
        color: var(--ks-ink-2);
      }

      .text {
        display: grid;
        gap: 2px;
        align-content: start;
        padding-top: 2px;
      }

      strong {
        font-weight: 600;
      }

      .worth {
        max-width: 40rem;
        color: var(--ks-ink-2);
      }

      .lost {
        color: var(--ks-bad);
      }

      .actions {
        display: flex;
        flex-wrap: wrap;
        align-content: start;
        justify-content: flex-end;
        gap: var(--ks-2);
        max-width: 14rem;
      }

      .advice {
        display: flex;
        gap: var(--ks-2);
        max-width: 46rem;
        margin-top: var(--ks-3);
        color: var(--ks-ink-2);
      }

      .advice svg {
        margin-top: 2px;
        color: var(--ks-accent-ink);
      }

      @media (max-width: 40rem) {
        li {
          grid-template-columns: auto minmax(0, 1fr);
          padding: var(--ks-4);
        }

        .actions {
          grid-column: 2;
          justify-content: flex-start;
          max-width: none;
        }
      }
    `,
  ];
}

define("keyseal-ways", Ways);
