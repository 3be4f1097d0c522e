import { html, nothing, type TemplateResult } from "lit";
import type { Entry } from "../../index.js";
import * as strings from "../strings.js";
import { money } from "./amounts.js";

const WORDS = strings.usageBudgets;

/** Of each key with a budget: what is spent, and what is left. */
export function budgets(
  entries: readonly Entry[],
  providerName: (id: string) => string,
): TemplateResult | typeof nothing {
  const limited = entries.filter(({ budgetUsd }) => budgetUsd !== null);
  if (limited.length === 0) return nothing;
  return html`
    <section class="card" aria-labelledby="budgets">
      <h2 id="budgets">${WORDS.title}</h2>
      <p class="about">${WORDS.about}</p>
      <ul class="budgets">
        ${limited.map((entry) => budget(entry, providerName(entry.provider)))}
      </ul>
    </section>
  `;
}

function budget(entry: Entry, provider: string): TemplateResult {
  const { label, keyHint, budgetUsd, budgetSpentUsd, budgetLeftUsd, budgetPeriod } = entry;
  const all = budgetUsd ?? 0;
  const spent = budgetSpentUsd ?? 0;
  const left = budgetLeftUsd ?? 0;
  return html`<li>
    <span><bdi>${label || keyHint}</bdi> <span class="quiet">${provider}</span></span>
    <meter
      min="0"
      max=${all}
      low=${all * 0.75}
      high=${all * 0.95}
      optimum="0"
      .value=${Math.min(spent, all)}
      aria-label=${WORDS.meter(label || keyHint)}
    ></meter>
    <span class="left">
      ${left > 0 ? html`<strong>${WORDS.left(money(left))}</strong>` : html`<strong class="spent">${WORDS.spent}</strong>`}
      <span class="quiet">${WORDS.of(money(spent), money(all), budgetPeriod ?? "month")}</span>
    </span>
    ${
      entry.unknownRequests
        ? html`<span class="quiet unknown">${WORDS.unknown(entry.unknownRequests)}</span>`
        : nothing
    }
  </li>`;
}
