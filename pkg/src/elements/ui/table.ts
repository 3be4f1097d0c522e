import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "./controls.js";

const WORDS = strings.usageTable;
/** So many rows at first: somebody's list of models may be long. */
const FIRST = 30;

export interface Column<Row> {
  name: string;
  /** What it is sorted by; null is what nobody knows, and comes last. */
  value: (row: Row) => string | number | null;
  show?: (row: Row) => string | TemplateResult;
  numeric?: boolean;
  /** Left out where there is little room. */
  minor?: boolean;
}

/** A table that can be sorted by each of its columns. */
export class DataTable<Row> extends LitElement {
  @property() caption = "";
  @property({ attribute: false }) columns: readonly Column<Row>[] = [];
  @property({ attribute: false }) rows: readonly Row[] = [];
  /** Which column it is sorted by at first. */
  @property({ type: Number }) sorted = 0;
  /** As it is given, with nothing to press: for those who only hear it. */
  @property({ type: Boolean }) plain = false;
  @state() private by: { column: number; down: boolean } | undefined;
  @state() private all = false;

  protected override render(): TemplateResult {
    const rows = this.plain ? this.rows : this.#ordered();
    const shown = this.plain || this.all ? rows : rows.slice(0, FIRST);
    const table = html`
        <table part="table">
          <caption class="hidden">
            ${this.caption}
          </caption>
          <thead>
            <tr>
              ${this.columns.map((column, at) => this.#head(column, at))}
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              (row) => html`<tr>
                ${this.columns.map((column, at) => this.#cell(row, column, at))}
              </tr>`,
            )}
          </tbody>
        </table>
    `;
    return html`
      ${
        this.plain
          ? table
          : html`<div class="scroll" role="region" aria-label=${this.caption} tabindex="0">${table}</div>`
      }
      ${
        shown.length < rows.length
          ? html`<button
              class="link"
              type="button"
              @click=${() => {
                this.all = true;
              }}
            >
              ${WORDS.all(rows.length)}
            </button>`
          : nothing
      }
    `;
  }

  #order(): { column: number; down: boolean } {
    return this.by ?? { column: this.sorted, down: this.columns[this.sorted]?.numeric ?? false };
  }

  #head({ name, numeric, minor }: Column<Row>, at: number): TemplateResult {
    const { column, down } = this.#order();
    const is = column === at && !this.plain;
    const arrow = html`<span class="arrow" aria-hidden="true">${is ? (down ? "↓" : "↑") : ""}</span>`;
    return html`<th
      scope="col"
      class="${numeric ? "number" : ""} ${minor ? "minor" : ""}"
      aria-sort=${is ? (down ? "descending" : "ascending") : nothing}
    >
      ${
        this.plain
          ? name
          : html`<button type="button" @click=${() => this.#sort(at)}>
            ${numeric ? arrow : nothing}${name}${numeric ? nothing : arrow}
          </button>`
      }
    </th>`;
  }

  #cell(row: Row, { value, show, numeric, minor }: Column<Row>, at: number): TemplateResult {
    const text = show ? show(row) : value(row);
    const looks = `${numeric ? "number" : ""} ${minor ? "minor" : ""}`;
    return at === 0
      ? html`<th scope="row" class=${looks}>${text}</th>`
      : html`<td class=${looks}>${text}</td>`;
  }

  #sort(column: number): void {
    const before = this.#order();
    const first = this.columns[column]?.numeric ?? false;
    this.by = { column, down: before.column === column ? !before.down : first };
  }

  #ordered(): readonly Row[] {
    const { column, down } = this.#order();
    const value = this.columns[column]?.value;
    if (!value) return this.rows;
    const rows = this.rows.map((row) => ({ row, value: value(row) }));
    rows.sort((a, b) => {
      if (a.value === null || b.value === null)
        return Number(a.value === null) - Number(b.value === null);
      const order =
        typeof a.value === "number" && typeof b.value === "number"
          ? a.value - b.value
          : String(a.value).localeCompare(String(b.value));
      return down ? -order : order;
    });
    return rows.map(({ row }) => row);
  }

  static override styles = [
    controls,
    css`
      .scroll {
        /* What only screen readers have scrolls along, and sticks out nowhere. */
        position: relative;
        overflow-x: auto;
        border-radius: var(--ks-radius-small);
      }

      table {
        width: 100%;
        border-collapse: collapse;
        font-variant-numeric: tabular-nums;
      }

      th,
      td {
        padding: var(--ks-2) var(--ks-3);
        border-bottom: 1px solid var(--ks-border);
        font-weight: 400;
        text-align: left;
        vertical-align: baseline;
      }

      tbody tr:last-child > * {
        border-bottom: 0;
      }

      tbody th {
        min-width: 9rem;
        overflow-wrap: anywhere;
      }

      th:first-child,
      td:first-child {
        padding-left: 0;
      }

      th:last-child,
      td:last-child {
        padding-right: 0;
      }

      .number {
        text-align: right;
        white-space: nowrap;
      }

      thead th {
        color: var(--ks-ink-3);
        white-space: nowrap;
      }

      thead button {
        padding: var(--ks-1) 0;
        border: 0;
        border-radius: 3px;
        background: none;
        color: inherit;
        cursor: pointer;
      }

      thead button:hover,
      [aria-sort] button {
        color: var(--ks-ink);
      }

      @media (pointer: coarse) {
        thead th {
          padding-block: 0;
        }

        thead button {
          min-height: 2.75rem;
        }
      }

      /* There is room for it before it is needed. */
      .arrow {
        display: inline-block;
        width: 1em;
        text-align: center;
      }

      .link {
        margin-top: var(--ks-3);
      }

      @media (max-width: 40rem) {
        .minor {
          display: none;
        }

        th,
        td {
          padding-inline: var(--ks-1);
        }

        tbody th {
          min-width: 5.5rem;
        }
      }
    `,
  ];
}

define("keyseal-table", DataTable);
