import { html, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Storage } from "../../types.js";
import { COMPANIONS_OWN } from "../../vault/relayed.js";
import type { Vault } from "../../vault/vault.js";
import * as strings from "../strings.js";
import { companionHostOf } from "../ui/format.js";
import { icons } from "../ui/icons.js";

const WORDS = strings.add;

/** Where a key will live, each place with its consequence. */
export function storageCards(
  vault: Vault,
  provider: string,
  chosen: Storage,
  choose: (storage: Storage) => void,
): TemplateResult {
  const card = (storage: Storage, title: string, text: string, icon: TemplateResult) => html`
    <label class="choice">
      <input
        type="radio"
        name="storage"
        value=${storage}
        aria-describedby=${`about-${storage}`}
        .checked=${live(chosen === storage)}
        @change=${() => choose(storage)}
      />
      <span class="choice-title">${icon}${title}</span>
      <span class="choice-text" id=${`about-${storage}`}>${text}</span>
    </label>
  `;
  const host = companionHostOf(vault);
  const relayed = provider === COMPANIONS_OWN ? WORDS.ownText(host) : WORDS.relayedText;
  const browserText = vault.allowsEnvelope ? WORDS.browserText(host) : relayed;
  return html`
    <fieldset>
      <legend class="legend">${WORDS.where}</legend>
      <div class="cards">
        ${card("synced", WORDS.synced, WORDS.syncedText(host), icons.devices)}
        ${card(
          "browser",
          WORDS.browser,
          vault.persistent ? browserText : `${browserText} ${WORDS.browserMemory}`,
          icons.browser,
        )}
      </div>
    </fieldset>
  `;
}
