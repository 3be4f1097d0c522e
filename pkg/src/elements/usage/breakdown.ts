import { css, html, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { KeysealError, Usage, UsageBy, UsageRow } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { save } from "../ui/save.js";
import { segmentStyles, segments } from "../ui/segments.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { count, money } from "./amounts.js";
import { otherUnits } from "./units.js";
import "../ui/table.js";
import type { Column } from "../ui/table.js";

const WORDS = strings.usageBreakdown;

/** What each table's rows are by. */
export const BREAKDOWNS = {
  provider: ["provider"],
  model: ["provider", "model"],
  entry: ["provider", "entry"],
} as const satisfies Record<string, readonly UsageBy[]>;
export type Breakdown = keyof typeof BREAKDOWNS;

/** The sums of a stretch of time by provider, by model or by key, and the same as a file. */
export class UsageBreakdown extends VaultElement {
  @property({ attribute: false }) usage!: Readonly<Record<Breakdown, Usage>>;
  @state() private by: Breakdown = "provider";
  @state() private error: KeysealError | undefined;
  @state() private saving = false;

  protected override render(): TemplateResult {
    return html`
      <div class="head">
        <h2>${WORDS.title}</h2>
        ${segments(WORDS.by, WORDS.names, this.by, (by) => {
          this.by = by;
        })}
        <button class="button small" type="button" aria-disabled=${this.saving ? "true" : nothing} @click=${this.#save}>
          ${WORDS.save}
        </button>
      </div>
      ${problem(this.error)}
      <keyseal-table
        .caption=${WORDS.caption(WORDS.names[this.by])}
        .columns=${this.#columns()}
        .rows=${this.usage[this.by].rows}
        .sorted=${1}
      ></keyseal-table>
    `;
  }

  #columns(): Column<UsageRow>[] {
    const { rows } = this.usage[this.by];
    const fees = rows.some(({ feeUsd }) => feeUsd !== null && feeUsd > 0);
    const others = rows.some((row) => row.images || row.audioSeconds || row.characters);
    const number = (name: string, value: (row: UsageRow) => number, minor = false) => ({
      name,
      value,
      show: (row: UsageRow) => count(value(row)),
      numeric: true,
      minor,
    });
    return [
      {
        name: WORDS.names[this.by],
        value: (row) => this.#name(row),
        show: (row) => this.#shown(row),
      },
      number(WORDS.requests, ({ requests }) => requests),
      number(WORDS.input, ({ inputTokens }) => inputTokens, true),
      number(WORDS.output, ({ outputTokens }) => outputTokens, true),
      number(WORDS.tokens, ({ totalTokens }) => totalTokens),
      ...(others
        ? [{ name: WORDS.others, value: otherUnits, show: otherUnits, minor: true, numeric: true }]
        : []),
      {
        name: WORDS.cost,
        value: ({ estimatedCostUsd }) => estimatedCostUsd,
        show: cost,
        numeric: true,
      },
      ...(fees
        ? [
            {
              name: WORDS.fee,
              value: ({ feeUsd }: UsageRow) => feeUsd,
              show: ({ feeUsd }: UsageRow) => (feeUsd === null ? WORDS.unknown : money(feeUsd)),
              numeric: true,
              minor: true,
            },
          ]
        : []),
    ];
  }

  #name(row: UsageRow): string {
    const provider = this.providerName(row.provider ?? "");
    if (this.by === "provider") return provider;
    if (this.by === "model") return row.model ?? WORDS.noModel;
    if (row.credential !== "entry") return WORDS.credentials[row.credential ?? "envelope"];
    const entry = this.vault.entries.find(({ id }) => id === row.entry);
    return entry ? entry.label || entry.keyHint : WORDS.gone;
  }

  #shown(row: UsageRow): TemplateResult | string {
    const name = this.#name(row);
    if (this.by === "provider") return name;
    const hint = this.vault.entries.find(({ id }) => id === row.entry)?.keyHint;
    return html`<bdi>${name}</bdi> <span class="quiet">${this.providerName(row.provider ?? "")}</span>
      ${this.by === "entry" && hint && hint !== name ? html`<span class="quiet">${hint}</span>` : nothing}`;
  }

  readonly #save = async (): Promise<void> => {
    if (this.saving) return;
    this.saving = true;
    this.error = undefined;
    const { from, to } = this.usage[this.by];
    try {
      const csv = await this.vault.usageCsv({ from, to, by: BREAKDOWNS[this.by] });
      save(this, csv, "text/csv", `keyseal-usage-by-${this.by}-${from}-${to}.csv`);
    } catch (thrown) {
      this.error = this.failure(thrown);
    } finally {
      this.saving = false;
    }
  };

  static override styles = [
    controls,
    segmentStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--ks-3);
        min-width: 0;
      }

      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--ks-2) var(--ks-3);
      }

      .head h2 {
        flex: 1 0 auto;
      }

      @media (max-width: 40rem) {
        .head h2 {
          flex-basis: 100%;
        }
      }
    `,
  ];
}

/** What is known of the cost, and of how many requests it is not known. */
function cost({ estimatedCostUsd, unknownRequests }: UsageRow): string | TemplateResult {
  if (estimatedCostUsd === null) return WORDS.unknown;
  return unknownRequests > 0
    ? html`${money(estimatedCostUsd)}
        <span class="quiet" title=${WORDS.unknownOf(unknownRequests)}>+&nbsp;?</span>
        <span class="hidden">${WORDS.unknownOf(unknownRequests)}</span>`
    : money(estimatedCostUsd);
}

define("keyseal-usage-breakdown", UsageBreakdown);
