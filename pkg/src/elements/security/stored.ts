import { css, html, nothing, type TemplateResult } from "lit";
import type { Vault } from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { icons } from "../ui/icons.js";
import { VaultElement } from "../ui/vault-element.js";
import { headersIn, parsed } from "./decoded.js";

const WORDS = strings.stored;

type StoredRecord = ReturnType<Vault["records"]>[number];

/** What is stored where: the actual records, the part of them that anybody can read, and how to look for oneself. */
export class Stored extends VaultElement {
  protected override render(): TemplateResult {
    return html`
      <h2 id="stored">${WORDS.title}</h2>
      <p class="about">${WORDS.text}</p>
      <div class="columns">${this.#here()} ${this.#there()} ${this.#providers()}</div>
      ${this.#check()}
    `;
  }

  #here(): TemplateResult {
    const records = this.vault.records();
    // The notes are many and small: they are looked at together.
    const isNote = ({ name }: StoredRecord) => name.split(".")[3] === "note";
    const notes = records.filter(isNote);
    const items = [
      ...records.filter((record) => !isNote(record)).map((record) => this.#local(record)),
      ...(notes.length
        ? [this.#record("", WORDS.records.note, notes.map(located).join("\n\n"), undefined)]
        : []),
    ];
    return this.#place(icons.browser, WORDS.here, WORDS.hereText, orNothing(items));
  }

  #local(record: StoredRecord): TemplateResult {
    const [kind, id] = kindOf(record.name);
    return this.#record(this.#hintOf(id), kind, located(record), parsed(record.value));
  }

  #there(): TemplateResult {
    return this.#place(
      icons.server,
      WORDS.there,
      WORDS.thereText,
      orNothing(this.vault.sealed().map((stored) => this.#sealed(stored))),
    );
  }

  #sealed({ id, sealedKey }: { id: string; sealedKey: unknown }): TemplateResult {
    const text = JSON.stringify(sealedKey, null, 2);
    return this.#record(this.#hintOf(id), WORDS.ciphertext, text, sealedKey);
  }

  #hintOf(id: string): string {
    return this.vault.entries.find((entry) => entry.id === id)?.keyHint ?? "";
  }

  #providers(): TemplateResult {
    const used = new Map<string, number>();
    for (const { provider } of this.vault.entries)
      used.set(provider, (used.get(provider) ?? 0) + 1);
    return this.#place(
      icons.cloud,
      WORDS.provider,
      WORDS.providerText,
      [...used].map(([id, keys]) => this.#provider(id, keys)),
    );
  }

  #provider(id: string, keys: number): TemplateResult {
    const dashboard = this.vault.providers.find((provider) => provider.id === id)?.dashboard;
    const name = this.providerName(id);
    return html`<p>
      ${name} <span class="quiet">${WORDS.knows(keys)}</span>
      ${
        dashboard
          ? html`<a class="link" href=${dashboard} target="_blank" rel="noopener noreferrer"
              >${WORDS.manage(name)} ${icons.out}</a
            >`
          : nothing
      }
    </p>`;
  }

  #place(
    icon: TemplateResult,
    title: string,
    text: string,
    items: TemplateResult[],
  ): TemplateResult {
    return html`
      <section class="card place" aria-label=${title}>
        <h3>${icon}${title}</h3>
        <p class="about">${text}</p>
        ${items}
      </section>
    `;
  }

  #record(hint: string, kind: string, text: string, value: unknown): TemplateResult {
    const headers = headersIn(value);
    return html`
      <details>
        <summary>
          ${hint ? html`<span class="mono">${hint}</span>` : nothing}
          <span class="quiet">${kind}</span>
        </summary>
        ${
          headers.length
            ? html`<div class="headers">
              <p class="quiet">${WORDS.headers}</p>
              ${headers.map(({ at, header }) => html`<p class="mono">${at ? html`<span class="quiet">${at}</span> ` : nothing}${header}</p>`)}
            </div>`
            : nothing
        }
        <pre class="mono" tabindex="0" aria-label=${kind}>${text}</pre>
      </details>
    `;
  }

  /** Nobody has to take this page's word for it. */
  #check(): TemplateResult {
    const { url } = this.vault.companion ?? { url: "https://keys.example.com" };
    return html`<details class="card check">
      <summary>${WORDS.check}</summary>
      <dl>
        ${WORDS.checks(url).map(
          ({ claim, how, command }) => html`<dt>${claim}</dt>
            <dd>
              <p>${how}</p>
              ${command ? html`<pre class="mono" tabindex="0" aria-label=${claim}>${command}</pre>` : nothing}
            </dd>`,
        )}
      </dl>
    </details>`;
  }

  static override styles = [
    controls,
    css`
      .about {
        max-width: 46rem;
        margin: var(--ks-1) 0 var(--ks-3);
        color: var(--ks-ink-2);
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

      .place details {
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

      @media (pointer: coarse) {
        summary {
          padding-block: 0.75rem;
        }
      }

      summary:hover {
        background: var(--ks-hover);
      }

      .headers {
        display: grid;
        gap: var(--ks-1);
        padding: var(--ks-3);
        border-top: 1px solid var(--ks-border);
        overflow-wrap: anywhere;
      }

      .headers .mono,
      pre {
        font-size: 0.75rem;
      }

      pre {
        max-height: 18rem;
        padding: var(--ks-3);
        border-top: 1px solid var(--ks-border);
        background: var(--ks-sunken);
        color: var(--ks-ink-2);
        white-space: pre-wrap;
        overflow: auto;
        overflow-wrap: anywhere;
      }

      .check {
        margin-top: var(--ks-4);
      }

      .check > summary {
        padding: var(--ks-3) var(--ks-4);
        font-weight: 500;
      }

      dl {
        display: grid;
        gap: var(--ks-1);
        padding: var(--ks-2) var(--ks-4) var(--ks-4);
      }

      dt {
        font-weight: 500;
      }

      dd + dt {
        margin-top: var(--ks-3);
      }

      dd {
        display: grid;
        gap: var(--ks-2);
        color: var(--ks-ink-2);
      }

      dd pre {
        border: 0;
        border-radius: var(--ks-radius-small);
      }

      @media (max-width: 52rem) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

function orNothing(items: TemplateResult[]): TemplateResult[] {
  return items.length ? items : [html`<p class="quiet">${WORDS.nothing}</p>`];
}

/** A record with where it lies. */
function located({ where, name, value }: StoredRecord): string {
  return `${where}\n${name}\n\n${value}`;
}

/** What a record is, and whose, out of its name: `keyseal.v1.<vault>.<kind>[.<entry>]`. */
function kindOf(name: string): [kind: string, id: string] {
  const [, , third = "", kind = "", id = ""] = name.split(".");
  const known: Readonly<Record<string, string>> = WORDS.records;
  return [known[third === "pin" ? third : kind] ?? name, id];
}

define("keyseal-stored", Stored);
