import { html, nothing, type TemplateResult } from "lit";
import { isAway as saysAway } from "../vault/companion.js";
import type { Vault } from "../vault/vault.js";
import * as strings from "./strings.js";
import { notice } from "./ui/notice.js";

const WORDS = strings.notice;

/** What is wrong with a vault right now, and what does not last in this window. */
export function noticesOf(
  vault: Vault,
  how: { looking: boolean; retry: () => void },
): TemplateResult {
  const button = (words: string, action: () => void, disabled = false) =>
    html`<button class="button small" type="button" ?disabled=${disabled} @click=${action}>
      ${words}
    </button>`;
  return html`
    ${vault.problems.map((error) => {
      if (saysAway(error)) {
        return notice(
          "warn",
          WORDS.away,
          WORDS.awayNext,
          button(WORDS.retry, how.retry, how.looking),
        );
      }
      const kind = error.code.startsWith("keyset") ? "bad" : "warn";
      const dismiss = () => vault.dismiss(error);
      const dropped = error.code === "change_dropped";
      return notice(
        kind,
        error.message,
        error.next,
        dropped ? button(WORDS.dismiss, dismiss) : nothing,
      );
    })}
    ${vault.persistent ? nothing : notStored()}
  `;
}

/** To a frame of another site browsers give other storage than to the same address in a tab, and some give none. */
function notStored(): TemplateResult {
  return globalThis.parent === globalThis.window
    ? notice("info", WORDS.memoryOnly, WORDS.memoryOnlyNext)
    : notice("info", WORDS.frameMemoryOnly, WORDS.frameMemoryOnlyNext);
}
