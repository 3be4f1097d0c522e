import { css, html, nothing, type TemplateResult } from "lit";
import type { CompanionIdentity, Vault } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { day } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { VaultElement } from "../ui/vault-element.js";
import "./unlocking.js";

const WORDS = strings.security;

type StoredRecord = ReturnType<Vault["records"]>[number];

/** Who can open what, with the actual records to look at. */
export class SecurityView extends VaultElement {
  protected override render(): TemplateResult {
    return html`
      <h1>${WORDS.title}</h1>
      <p class="lead">${WORDS.lead}</p>
      ${this.#companion(this.vault.companion)}
      <section>
        <keyseal-unlocking .vault=${this.vault}></keyseal-unlocking>
      </section>
      <section aria-labelledby="stored">
        <h2 id="stored">${WORDS.stored}</h2>
        <p class="about">${WORDS.storedText}</p>
        <div class="columns">
          ${this.#here()} ${this.#there()} ${this.#providers()}
        </div>
      </section>
    `;
  }

  #companion(companion: CompanionIdentity | undefined): TemplateResult {
    return html`
      <section aria-labelledby="companion">
        <h2 id="companion">${WORDS.companion}</h2>
        <p class="about">${WORDS.companionText}</p>
        <div class="card facts">
          ${
            companion
              ? html`<dl>
                <dt>${WORDS.address}</dt>
                <dd class="mono">${companion.url}</dd>
                <dt>${WORDS.fingerprint}</dt>
                <dd>
                  <span class="fingerprint mono">${companion.fingerprint.split(" ").map((group) => html`<span>${group}</span> `)}</span>
                  <span class="quiet">${WORDS.firstSeen(day(companion.firstSeen))}. ${WORDS.compare}</span>
                </dd>
              </dl>`
              : WORDS.noCompanion
          }
        </div>
      </section>
    `;
  }

  #here(): TemplateResult {
    const shown = (record: StoredRecord) => `${record.where}\n${record.name}\n\n${record.value}`;
    const records = this.vault.records();
    // The notes are many and small: they are looked at together.
    const isNote = ({ name }: StoredRecord) => name.split(".")[3] === "note";
    const notes = records.filter(isNote);
    return this.#place(icons.browser, WORDS.here, WORDS.hereText, [
      ...records
        .filter((record) => !isNote(record))
        .map((record) => {
          const [kind, id] = kindOf(record.name);
          return this.#record(this.#hintOf(id), kind, shown(record));
        }),
      ...(notes.length
        ? [this.#record("", WORDS.records.note, notes.map(shown).join("\n\n"))]
        : []),
    ]);
  }

  #there(): TemplateResult {
    const sealed = this.vault.sealed();
    return this.#place(
      icons.server,
      WORDS.there,
      WORDS.thereText,
      sealed.length
        ? sealed.map(({ id, sealedKey }) =>
            this.#record(this.#hintOf(id), WORDS.ciphertext, JSON.stringify(sealedKey, null, 2)),
          )
        : [html`<p class="quiet">${WORDS.nothing}</p>`],
    );
  }

  #hintOf(id: string): string {
    return this.vault.entries.find((entry) => entry.id === id)?.keyHint ?? "";
  }

  #providers(): TemplateResult {
    const used = new Set(this.vault.entries.map(({ provider }) => provider));
    const links = this.vault.providers.filter(({ id, dashboard }) => used.has(id) && dashboard);
    return this.#place(
      icons.cloud,
      WORDS.provider,
      WORDS.providerText,
      links.map(
        ({ name, dashboard }) => html`
          <a class="link" href=${dashboard} target="_blank" rel="noopener noreferrer">
            ${WORDS.manage(name)} ${icons.out}
          </a>
        `,
      ),
    );
  }

  #place(
    icon: TemplateResult,
    title: string,
    text: string,
    items: TemplateResult[],
  ): TemplateResult {
    return html`
      <section class="card place">
        <h3>${icon}${title}</h3>
        <p class="about">${text}</p>
        ${items}
      </section>
    `;
  }

  #record(hint: string, kind: string, value: string): TemplateResult {
    return html`
      <details>
        <summary>
          ${hint ? html`<span class="mono">${hint}</span>` : nothing}
          <span class="quiet">${kind}</span>
        </summary>
        <pre class="mono" tabindex="0">${value}</pre>
      </details>
    `;
  }

  static override styles = [
    controls,
    css`
      .lead {
        margin-top: var(--ks-1);
        color: var(--ks-ink-2);
      }

      :host > section {
        margin-top: var(--ks-8);
      }

      .about {
        max-width: 44rem;
        margin: var(--ks-1) 0 var(--ks-3);
        color: var(--ks-ink-2);
      }

      .facts {
        padding: var(--ks-4) var(--ks-5);
      }

      dl {
        display: grid;
        grid-template-columns: 7rem 1fr;
        gap: var(--ks-3) var(--ks-4);
      }

      dt {
        color: var(--ks-ink-3);
      }

      dd {
        display: grid;
        gap: var(--ks-1);
        overflow-wrap: anywhere;
      }

      .fingerprint {
        display: grid;
        grid-template-columns: repeat(8, max-content);
        gap: var(--ks-1) var(--ks-3);
        font-size: var(--ks-text-large);
      }

      .columns {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        align-items: start;
        gap: var(--ks-4);
      }

      .place {
        display: grid;
        gap: var(--ks-2);
        padding: var(--ks-4);
      }

      .place .about {
        margin: 0 0 var(--ks-1);
      }

      h3 {
        display: flex;
        align-items: center;
        gap: var(--ks-2);
        font-size: var(--ks-text-large);
        font-weight: 600;
      }

      .place .link {
        justify-self: start;
      }

      details {
        min-width: 0;
        border: 1px solid var(--ks-border);
        border-radius: var(--ks-radius-small);
      }

      summary {
        padding: var(--ks-2) var(--ks-3);
        border-radius: inherit;
        cursor: pointer;
        overflow-wrap: anywhere;
      }

      summary:hover {
        background: var(--ks-hover);
      }

      pre {
        max-height: 18rem;
        padding: var(--ks-3);
        border-top: 1px solid var(--ks-border);
        background: var(--ks-sunken);
        color: var(--ks-ink-2);
        font-size: 0.75rem;
        white-space: pre-wrap;
        overflow: auto;
        overflow-wrap: anywhere;
      }

      @media (max-width: 52rem) {
        .columns,
        dl {
          grid-template-columns: minmax(0, 1fr);
        }

        dl {
          gap: var(--ks-1);
        }

        dd + dt {
          margin-top: var(--ks-3);
        }

        .fingerprint {
          grid-template-columns: repeat(4, max-content);
        }
      }
    `,
  ];
}

/** What a record is, and whose, out of its name: `keyseal.v1.<vault>.<kind>[.<entry>]`. */
function kindOf(name: string): [kind: string, id: string] {
  const [, , , kind = "", id = ""] = name.split(".");
  const known: Readonly<Record<string, string>> = WORDS.records;
  return [known[kind] ?? name, id];
}

define("keyseal-security", SecurityView);
