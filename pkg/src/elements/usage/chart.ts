import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { axisMoney, count, money, short, shortDay, wholeDay } from "./amounts.js";
import type { BarChart, Bars, Looks } from "./bars.js";
import type { Measure, Series } from "./series.js";
import "../ui/table.js";
import type { Column } from "../ui/table.js";

const WORDS = strings.usageChart;

/** Bars over time, stacked by provider; the same as a table, seen or only heard. */
export class UsageChart extends LitElement {
  @property({ attribute: false }) steps: readonly string[] = [];
  @property({ attribute: false }) series: readonly Series[] = [];
  @property() step: "day" | "week" = "day";
  @property() measure: Measure = "cost";
  @state() private asTable = false;
  @query("canvas") private canvas!: HTMLCanvasElement | null;
  @query(".probe") private probe!: HTMLElement;

  #chart: BarChart | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // A canvas that comes back is a new one.
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const caption = WORDS.caption[this.measure](this.step);
    return html`
      <span class="probe" aria-hidden="true" @transitionrun=${() => this.#draw()}></span>
      <div class="canvas" ?hidden=${this.asTable}>
        <canvas role="img" aria-label=${this.#said(caption)}></canvas>
      </div>
      <div class="foot">
        <ol class="legend" aria-label=${WORDS.legend}>
          ${this.series.map(
            ({ name, total }, at) => html`<li>
              <i class="swatch s${at + 1}" aria-hidden="true"></i>${name}
              <span class="quiet">${this.#amount(total)}</span>
            </li>`,
          )}
        </ol>
        <button
          class="link"
          type="button"
          aria-pressed=${this.asTable}
          @click=${() => {
            this.asTable = !this.asTable;
          }}
        >
          ${WORDS.asTable}
        </button>
      </div>
      <div class=${this.asTable ? "table" : "hidden"}>
        <keyseal-table
          .caption=${caption}
          .columns=${this.#columns()}
          .rows=${this.steps.map((_, at) => at)}
          ?plain=${!this.asTable}
        ></keyseal-table>
      </div>
    `;
  }

  /** What somebody hears who does not see the bars: how much in all, and of whom most. */
  #said(caption: string): string {
    const total = this.series.reduce((sum, { total }) => sum + total, 0);
    const [first] = this.series;
    const most = first ? WORDS.most(first.name, this.#amount(first.total)) : "";
    return `${caption}. ${WORDS.inAll(this.#amount(total))} ${most} ${WORDS.tableBelow}`;
  }

  #amount(value: number): string {
    return this.measure === "cost" ? money(value) : count(value);
  }

  #columns(): Column<number>[] {
    const { series, steps } = this;
    const total = (at: number) => series.reduce((sum, { values }) => sum + (values[at] ?? 0), 0);
    return [
      {
        name: WORDS.steps[this.step],
        value: (at) => at,
        show: (at) => wholeDay(steps[at] ?? ""),
      },
      ...series.map(({ name, values }) => ({
        name,
        value: (at: number) => values[at] ?? 0,
        show: (at: number) => this.#amount(values[at] ?? 0),
        numeric: true,
      })),
      { name: WORDS.total, value: total, show: (at) => this.#amount(total(at)), numeric: true },
    ];
  }

  protected override updated(changed: PropertyValues<this>): void {
    super.updated(changed);
    void this.#draw();
  }

  async #draw(): Promise<void> {
    // Loaded when there is something to show, and not before.
    if (this.series.length === 0 || this.asTable) return;
    const { BarChart } = await import("./bars.js");
    if (!this.isConnected || !this.canvas) return;
    const bars = this.#bars();
    if (this.#chart) this.#chart.draw(bars);
    else this.#chart = new BarChart(this.canvas, bars);
  }

  #bars(): Bars {
    return {
      labels: this.steps.map(shortDay),
      series: this.series,
      looks: this.#looks(),
      axis: this.measure === "cost" ? axisMoney : short,
      amount: (value) => this.#amount(value),
      whole: this.measure !== "cost",
      total: WORDS.total,
    };
  }

  /** The tokens as a canvas takes them: the browser resolves them, for light and dark. */
  #looks(): Looks {
    const { probe } = this;
    const colours = probe.ownerDocument.defaultView?.getComputedStyle(probe);
    const probed = (at: number) => {
      probe.className = `probe p${at}`;
      return colours?.color ?? "";
    };
    const found = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(probed);
    probe.className = "probe";
    return {
      series: found.slice(0, 6),
      ink: found[6] ?? "",
      grid: found[7] ?? "",
      surface: found[8] ?? "",
      font: colours?.fontFamily ?? "sans-serif",
    };
  }

  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: var(--ks-3);
        min-width: 0;
      }

      .canvas {
        position: relative;
        height: 15rem;
        min-width: 0;
      }

      .canvas[hidden] {
        display: none;
      }

      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--ks-2) var(--ks-4);
      }

      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-1) var(--ks-4);
      }

      .legend li {
        display: flex;
        align-items: center;
        gap: var(--ks-2);
      }

      .swatch {
        width: 0.875rem;
        height: 0.875rem;
        border-radius: 3px;
        forced-color-adjust: none;
        --line: color-mix(in srgb, var(--ks-surface) 75%, transparent);
      }

      /* The patterns of the bars. */
      .s1 {
        background: var(--ks-chart-1);
      }

      .s2 {
        background: repeating-linear-gradient(135deg, var(--line) 0 1.5px, transparent 1.5px 5.6px) var(--ks-chart-2);
      }

      .s3 {
        background:
          radial-gradient(circle at 2px 2px, var(--line) 1.2px, transparent 1.6px) 0 0 / 4px 4px,
          var(--ks-chart-3);
      }

      .s4 {
        background: repeating-linear-gradient(45deg, var(--line) 0 1.5px, transparent 1.5px 5.6px) var(--ks-chart-4);
      }

      .s5 {
        background: repeating-linear-gradient(var(--line) 0 1.5px, transparent 1.5px 5px) var(--ks-chart-5);
      }

      .s6 {
        background:
          repeating-linear-gradient(var(--line) 0 1.5px, transparent 1.5px 5px),
          repeating-linear-gradient(90deg, var(--line) 0 1.5px, transparent 1.5px 5px),
          var(--ks-chart-6);
      }

      .table {
        max-height: 24rem;
        overflow: auto;
      }

      /* Tells, by a change of its colour, when the page has gone from light to dark. */
      .probe {
        position: absolute;
        visibility: hidden;
        color: var(--ks-ink);
        transition: color 1ms;
      }

      .probe[class*=" "] {
        transition: none;
      }

      .p1 {
        color: var(--ks-chart-1);
      }

      .p2 {
        color: var(--ks-chart-2);
      }

      .p3 {
        color: var(--ks-chart-3);
      }

      .p4 {
        color: var(--ks-chart-4);
      }

      .p5 {
        color: var(--ks-chart-5);
      }

      .p6 {
        color: var(--ks-chart-6);
      }

      .p7 {
        color: var(--ks-ink-3);
      }

      .p8 {
        color: var(--ks-border);
      }

      .p9 {
        color: var(--ks-surface);
      }
    `,
  ];
}

define("keyseal-usage-chart", UsageChart);
