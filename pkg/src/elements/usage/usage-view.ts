import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import type { Usage } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { badge, controls } from "../ui/controls.js";
import { icons } from "../ui/icons.js";
import { ReportElement, reportStyles } from "../ui/report.js";
import { segmentStyles, segments } from "../ui/segments.js";
import { problem } from "../ui/vault-element.js";
import { count, money, short, wholeDay } from "./amounts.js";
import { BREAKDOWNS, type Breakdown } from "./breakdown.js";
import { budgets } from "./budgets.js";
import "./chart.js";
import "./on-device.js";
import { type Range, type Stretch, stepsOf, stretchOf } from "./ranges.js";
import { MEASURES, type Measure, measured, seriesOf } from "./series.js";
import { usageStyles } from "./usage-styles.js";

const WORDS = strings.usage;

/** What a stretch of time comes to, in every way it is shown. */
interface Shown extends Readonly<Record<Breakdown, Usage>> {
  stretch: Stretch;
  steps: readonly string[];
  overTime: Usage;
}

/**
 * What was used through the companion, what it cost as far as that is known, and what is left of budgets. Part: `total`.
 *
 * @example
 * document.querySelector("keyseal-usage").vault = vault;
 */
export class UsageView extends ReportElement {
  @state() private range: Range = "month";
  @state() private measure: Measure | undefined;
  @state() private shown: Shown | undefined;

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed as PropertyValues<this>);
    if (changed.has("vault")) this.shown = undefined;
    if (this.vault && (changed.has("vault") || changed.has("range"))) void this.load();
  }

  protected override load(): Promise<void> {
    return this.ask(
      () => this.#ofStretch(stretchOf(this.range)),
      (shown) => {
        this.shown = shown;
      },
    );
  }

  async #ofStretch(stretch: Stretch): Promise<Shown> {
    const { from, to, step } = stretch;
    const [overTime, provider, model, entry] = await Promise.all(
      [[step, "provider"] as const, BREAKDOWNS.provider, BREAKDOWNS.model, BREAKDOWNS.entry].map(
        (by) => this.vault.usage({ from, to, by }),
      ) as [Promise<Usage>, Promise<Usage>, Promise<Usage>, Promise<Usage>],
    );
    return { stretch, steps: stepsOf(stretch), overTime, provider, model, entry };
  }

  protected override render(): TemplateResult {
    return html`
      <div class="top">
        <div>
          <h1>${WORDS.title}</h1>
          <p class="lead">${WORDS.lead}</p>
        </div>
        ${segments(WORDS.range, WORDS.ranges, this.range, (range) => {
          this.range = range;
        })}
      </div>
      <p class="hidden" role="status">${this.loading ? WORDS.loading : ""}</p>
      ${this.error ? this.#failed() : nothing}
      ${this.shown ? this.#all(this.shown) : this.error ? nothing : this.#waiting()}
      ${this.vault ? this.#onDevice() : nothing}
      ${this.vault ? budgets(this.vault.entries, (id) => this.providerName(id)) : nothing}
    `;
  }

  #onDevice(): TemplateResult {
    const { from, to } = this.shown?.stretch ?? stretchOf(this.range);
    return html`<keyseal-usage-on-device .vault=${this.vault} from=${from} to=${to}></keyseal-usage-on-device>`;
  }

  #failed(): TemplateResult {
    return html`<div class="failed">
      ${problem(this.error, this.shown ? WORDS.stale : WORDS.safe)}
      <button class="button small" type="button" @click=${() => this.load()}>${WORDS.retry}</button>
    </div>`;
  }

  /** As high as what comes in its place. */
  #waiting(): TemplateResult {
    return html`<div class="waiting" aria-hidden="true">
      <div class="card sum"></div>
      <div class="card bars"></div>
    </div>`;
  }

  #all(shown: Shown): TemplateResult {
    const { totals } = shown.overTime;
    return html`<div class="all" aria-busy=${this.loading}>
      ${
        totals.requests === 0
          ? html`<section class="card empty">
            <span class="badge">${icons.info}</span>
            <h2>${WORDS.emptyTitle}</h2>
            <p>${WORDS.empty}</p>
          </section>`
          : html`
            ${this.#sum(shown)} ${this.#chart(shown)}
            <section class="card">
              <keyseal-usage-breakdown .vault=${this.vault} .usage=${shown}></keyseal-usage-breakdown>
            </section>
            <p class="note">${WORDS.note(shown.overTime.prices)}</p>
          `
      }
    </div>`;
  }

  #sum({ overTime: { totals, from, to, prices } }: Shown): TemplateResult {
    const { estimatedCostUsd, unknownRequests, requests, failedRequests, totalTokens, feeUsd } =
      totals;
    return html`
      <section class="card sum" aria-labelledby="sum">
        <h2 id="sum">${WORDS.sums[this.range]}</h2>
        <p class="big" part="total">
          ${estimatedCostUsd === null ? WORDS.unknown : money(estimatedCostUsd)}
          ${unknownRequests > 0 ? html`<span class="more">${WORDS.more(unknownRequests)}</span>` : nothing}
        </p>
        <p class="quiet">${WORDS.estimate(wholeDay(from), wholeDay(to), prices)}</p>
        <dl>
          <div><dt>${WORDS.requests}</dt><dd>${count(requests)}</dd></div>
          ${failedRequests > 0 ? html`<div><dt>${WORDS.failedRequests}</dt><dd>${count(failedRequests)}</dd></div>` : nothing}
          <div><dt>${WORDS.tokens}</dt><dd title=${count(totalTokens)}>${short(totalTokens)}</dd></div>
          ${feeUsd ? html`<div><dt>${WORDS.fees}</dt><dd>${money(feeUsd)}</dd></div>` : nothing}
        </dl>
      </section>
    `;
  }

  #chart({ overTime, steps, stretch }: Shown): TemplateResult {
    // Bars of cost where any is known; what has no price still has a number of requests.
    const measure =
      this.measure ?? MEASURES.find((one) => measured(overTime.totals)[one] > 0) ?? "requests";
    const nameOf = (id: string) => this.providerName(id);
    const series = seriesOf(overTime.rows, steps, measure, nameOf, WORDS.others);
    return html`
      <section class="card" aria-labelledby="over-time">
        <div class="head">
          <h2 id="over-time">${WORDS.overTime[stretch.step]}</h2>
          ${segments(WORDS.measure, WORDS.measures, measure, (one) => {
            this.measure = one;
          })}
        </div>
        ${
          series.length
            ? html`<keyseal-usage-chart
              .steps=${steps}
              .series=${series}
              .step=${stretch.step}
              .measure=${measure}
            ></keyseal-usage-chart>`
            : html`<p class="nothing quiet">${WORDS.nothing[measure]}</p>`
        }
      </section>
    `;
  }

  /** @internal */
  static override styles = [controls, badge, segmentStyles, usageStyles, reportStyles];
}

define("keyseal-usage", UsageView);
