import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { DeviceUsage, KeysealError } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import "../ui/table.js";
import type { Column } from "../ui/table.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { count } from "./amounts.js";
import { otherUnits } from "./units.js";

const WORDS = strings.usageOnDevice;

type Sums = Pick<
  DeviceUsage,
  | "provider"
  | "model"
  | "entry"
  | "requests"
  | "totalTokens"
  | "images"
  | "audioSeconds"
  | "characters"
>;

/** What went by the blind relay: no companion can count it, so this browser does. Nothing at all where there is none. */
export class UsageOnDevice extends VaultElement {
  /** First and last day. */
  @property() from = "";
  @property() to = "";
  @state() private rows: readonly DeviceUsage[] = [];
  @state() private error: KeysealError | undefined;

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed as PropertyValues<this>);
    if (changed.has("vault") || changed.has("from") || changed.has("to")) void this.#load();
  }

  async #load(): Promise<void> {
    this.error = undefined;
    try {
      this.rows = await this.vault.deviceUsage();
    } catch (thrown) {
      const error = this.failure(thrown);
      this.rows = [];
      // That the vault is locked is said above every view.
      if (error.code !== "vault_locked") this.error = error;
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const sums = sumsOf(this.rows.filter(({ day }) => day >= this.from && day <= this.to));
    if (sums.length === 0 && !this.error) return nothing;
    return html`
      <section class="card" aria-labelledby="on-device">
        <h2 id="on-device">${WORDS.title}</h2>
        <p class="about">${WORDS.about}</p>
        ${problem(this.error)}
        ${
          sums.length
            ? html`<keyseal-table
              .caption=${WORDS.title}
              .columns=${this.#columns(sums)}
              .rows=${sums}
              .sorted=${1}
            ></keyseal-table>`
            : nothing
        }
      </section>
    `;
  }

  #columns(sums: readonly Sums[]): Column<Sums>[] {
    const name = ({ provider, model }: Sums) => model ?? this.providerName(provider);
    const key = ({ entry }: Sums) => {
      const found = this.vault.entries.find(({ id }) => id === entry);
      return found ? found.label || found.keyHint : strings.usageBreakdown.gone;
    };
    const units = sums.some((row) => otherUnits(row) !== "");
    return [
      {
        name: WORDS.model,
        value: name,
        show: (row) =>
          html`${name(row)} ${row.model ? html`<span class="quiet">${this.providerName(row.provider)}</span>` : nothing}`,
      },
      { name: WORDS.requests, value: ({ requests }) => requests, numeric: true },
      {
        name: WORDS.tokens,
        value: ({ totalTokens }) => totalTokens,
        show: ({ totalTokens }) => count(totalTokens),
        numeric: true,
      },
      ...(units ? [{ name: WORDS.others, value: otherUnits, numeric: true, minor: true }] : []),
      { name: WORDS.key, value: key },
    ];
  }

  static override styles = [
    controls,
    css`
      .card {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--ks-3);
        margin-top: var(--ks-4);
        padding: var(--ks-5);
      }

      .about {
        max-width: 46rem;
        color: var(--ks-ink-3);
      }

      @media (max-width: 40rem) {
        .card {
          padding: var(--ks-4);
        }
      }
    `,
  ];
}

/** All days of a model under a key, as one row. */
function sumsOf(rows: readonly DeviceUsage[]): Sums[] {
  const sums = new Map<string, Sums>();
  for (const row of rows) {
    const name = JSON.stringify([row.provider, row.model, row.entry]);
    const one = sums.get(name);
    sums.set(name, one ? added(one, row) : row);
  }
  return [...sums.values()];
}

function added(one: Sums, row: Sums): Sums {
  return {
    ...one,
    requests: one.requests + row.requests,
    totalTokens: one.totalTokens + row.totalTokens,
    images: one.images + row.images,
    audioSeconds: one.audioSeconds + row.audioSeconds,
    characters: one.characters + row.characters,
  };
}

define("keyseal-usage-on-device", UsageOnDevice);
