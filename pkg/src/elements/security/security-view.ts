import { css, html, type TemplateResult } from "lit";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls } from "../ui/controls.js";
import { VaultElement } from "../ui/vault-element.js";
import "./auto-lock.js";
import "./carry.js";
import "./companion.js";
import "./envelopes.js";
import "./stored.js";
import "./ways.js";

const WORDS = strings.security;

/**
 * Who can open what: ways to unlock, locking, keys on the move, the companion, and the records themselves.
 *
 * @example
 * document.querySelector("keyseal-security").vault = vault;
 */
export class SecurityView extends VaultElement {
  protected override render(): TemplateResult {
    const { vault } = this;
    return html`
      <h1>${WORDS.title}</h1>
      <p class="lead">${WORDS.lead}</p>
      <keyseal-ways .vault=${vault}></keyseal-ways>
      <keyseal-auto-lock .vault=${vault}></keyseal-auto-lock>
      <keyseal-envelopes .vault=${vault}></keyseal-envelopes>
      <keyseal-carry .vault=${vault}></keyseal-carry>
      <keyseal-companion .vault=${vault}></keyseal-companion>
      <keyseal-stored .vault=${vault}></keyseal-stored>
    `;
  }

  /** @internal */
  static override styles = [
    controls,
    css`
      .lead {
        margin-top: var(--ks-1);
        color: var(--ks-ink-2);
      }

      :host > *:not(h1, .lead) {
        margin-top: var(--ks-8);
      }
    `,
  ];
}

define("keyseal-security", SecurityView);
