import { html, type TemplateResult } from "lit";
import * as strings from "../strings.js";
import { icons } from "../ui/icons.js";
import type { PasteField } from "./paste-field.js";

const WORDS = strings.add;

/** The provider whose key this is by its looks, where another one was chosen that it cannot be of. */
export function otherwise(key: PasteField, chosen: string): string | undefined {
  const { provider, alternatives = [] } = key.detection ?? {};
  return provider && chosen && chosen !== provider && !alternatives.includes(chosen)
    ? provider
    : undefined;
}

/** What the pasted text looks like, and what is odd about it. It comments and never refuses. */
export function detected(
  key: PasteField,
  chosen: string,
  nameOf: (id: string) => string,
): TemplateResult {
  const { provider, alternatives = [], warnings = [], hint = "" } = key.detection ?? {};
  const others = alternatives.filter((id) => id !== provider).map(nameOf);
  const name = provider && nameOf(provider);
  const sure = name && !otherwise(key, chosen);
  const said = !name
    ? chosen
      ? WORDS.chosen(nameOf(chosen))
      : WORDS.unsure
    : others.length
      ? WORDS.maybe(name, others)
      : WORDS.looksLike(name);
  return html`
    <span class=${sure ? "sure" : "unsure"}>
      ${sure ? icons.check : icons.info}
      <span>${said} <span class="mono quiet">${hint}</span>
        <span class="hidden">${WORDS.length(key.length)}</span></span>
    </span>
    ${warnings.map(
      ({ message }) => html`<span class="warning">${icons.warn}<span>${message}</span></span>`,
    )}
    ${
      name && chosen && chosen !== provider
        ? html`<span class="warning">${icons.warn}<span>${WORDS.chosen(nameOf(chosen))}</span></span>`
        : ""
    }
  `;
}
