import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { KeysealError } from "../../errors.js";
import type { BudgetPeriod } from "../../types.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { dayOf } from "../ui/format.js";

/** Until when a key is used, and for how much. */
export interface Limits {
  expiresAt: string | null;
  budgetUsd: number | null;
  budgetPeriod: BudgetPeriod;
}

export const NO_LIMITS: Limits = { expiresAt: null, budgetUsd: null, budgetPeriod: "month" };

const WORDS = strings.limits;
const DAY_MS = 24 * 60 * 60_000;
const DAYS = [30, 90, 365] as const;

type Expiry = "never" | "day" | `${number}`;

/** Fields for an end date and a budget. What is chosen is read when it is needed. */
export class LimitsFields extends LitElement {
  /** Only synced keys have a budget: the companion counts it. */
  @property({ type: Boolean }) budget = false;
  @state() private expiry: Expiry = "never";
  @state() private day = "";
  @state() private amount = "";
  @state() private period: BudgetPeriod = "month";

  /** Shows what is set. */
  show({ expiresAt, budgetUsd, budgetPeriod }: Limits): void {
    this.expiry = expiresAt ? "day" : "never";
    this.day = expiresAt ? dayOf(expiresAt) : "";
    this.amount = budgetUsd === null ? "" : String(budgetUsd);
    this.period = budgetPeriod;
  }

  /** What is chosen; throws what a person can mend, with that field in focus. */
  read(now = Date.now()): Limits {
    return {
      expiresAt: this.#expiresAt(now),
      budgetUsd: this.#budgetUsd(),
      budgetPeriod: this.period,
    };
  }

  #expiresAt(now: number): string | null {
    if (this.expiry === "never") return null;
    if (this.expiry !== "day") return new Date(now + Number(this.expiry) * DAY_MS).toISOString();
    // A key that expires on a day is good to the end of that day, where its owner is.
    const end = new Date(`${this.day}T23:59:59`);
    if (Number.isNaN(end.getTime()) || end.getTime() <= now) this.#refuse("#day", WORDS.pastDay);
    return end.toISOString();
  }

  #budgetUsd(): number | null {
    const text = this.amount.trim();
    if (!this.budget || !text) return null;
    const amount = Number(text);
    if (!(amount > 0)) this.#refuse("#amount", WORDS.badAmount);
    return amount;
  }

  #refuse(field: string, message: string): never {
    this.renderRoot.querySelector<HTMLElement>(field)?.focus();
    throw new KeysealError("validation", message);
  }

  protected override render(): TemplateResult {
    return html`
      <div class="field">
        <label class="name" for="expiry">${WORDS.expiry}</label>
        <div class="line">
          <select
            id="expiry"
            class="input"
            @change=${(event: Event) => {
              this.expiry = (event.target as HTMLSelectElement).value as Expiry;
            }}
          >
            ${(["never", ...DAYS.map(String), "day"] as Expiry[]).map(
              (choice) =>
                html`<option value=${choice} ?selected=${choice === this.expiry}>
                  ${choice === "never" || choice === "day" ? WORDS.choices[choice] : WORDS.inDays(Number(choice))}
                </option>`,
            )}
          </select>
          ${
            this.expiry === "day"
              ? html`<input
                id="day"
                class="input"
                type="date"
                aria-label=${WORDS.day}
                min=${dayOf(new Date().toISOString())}
                .value=${live(this.day)}
                @input=${(event: InputEvent) => {
                  this.day = (event.target as HTMLInputElement).value;
                }}
              />`
              : nothing
          }
        </div>
        <span class="help">${WORDS.expiryHelp}</span>
      </div>
      ${this.budget ? this.#budgetField() : html`<p class="help">${WORDS.noBudget}</p>`}
    `;
  }

  #budgetField(): TemplateResult {
    return html`
      <div class="field">
        <label class="name" for="amount">
          ${WORDS.budget} <span class="aside">${WORDS.currency}</span>
        </label>
        <div class="line">
          <input
            id="amount"
            class="input"
            type="text"
            inputmode="decimal"
            autocomplete="off"
            placeholder=${WORDS.noLimit}
            aria-describedby="budget-help"
            .value=${live(this.amount)}
            @input=${(event: InputEvent) => {
              this.amount = (event.target as HTMLInputElement).value;
            }}
          />
          <select
            class="input"
            aria-label=${WORDS.period}
            @change=${(event: Event) => {
              this.period = (event.target as HTMLSelectElement).value as BudgetPeriod;
            }}
          >
            ${(["month", "total"] as const).map(
              (period) =>
                html`<option value=${period} ?selected=${period === this.period}>
                  ${WORDS.periods[period]}
                </option>`,
            )}
          </select>
        </div>
        <span class="help" id="budget-help">${WORDS.budgetHelp}</span>
      </div>
    `;
  }

  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr));
        align-items: start;
        gap: var(--ks-4);
      }

      .line {
        display: flex;
        gap: var(--ks-2);
      }

      .line > * {
        min-width: 0;
      }

      .line > input + select {
        flex: none;
        width: auto;
      }
    `,
  ];
}

define("keyseal-limits-fields", LimitsFields);
