import { html, nothing, type TemplateResult } from "lit";
import type { KeysealError } from "../../errors.js";
import type { Entry, Storage } from "../../types.js";
import * as strings from "../strings.js";
import { icons } from "../ui/icons.js";

export type Step = "sealing" | "storing" | "testing";

const STEPS: readonly Step[] = ["sealing", "storing", "testing"];
const WORDS = strings.add;

const TONES = {
  valid: "ok",
  limited: "warn",
  unknown: "warn",
  invalid: "bad",
  untested: "quiet",
} as const;

/** Sealed, stored, tested: how far it is. */
export function steps(how: {
  /** Undefined once all is done. */
  at: Step | undefined;
  /** Whether the provider was asked at all. */
  tested: boolean;
  keptIn: Storage;
  companion: string;
  provider: string;
}): TemplateResult {
  const at = how.at ? STEPS.indexOf(how.at) : STEPS.length;
  return html`<ol class="steps">
    ${STEPS.map((step, index) => {
      const skipped = step === "testing" && !how.tested;
      const state = index === at ? "now" : index > at ? "later" : skipped ? "skipped" : "done";
      return html`
        <li class=${state} aria-current=${state === "now" ? "step" : nothing}>
          <span class="mark">
            ${
              state === "now"
                ? html`<span class="spinner"></span>`
                : state === "done"
                  ? icons.check
                  : html`<i></i>`
            }
          </span>
          <strong>${state === "done" ? WORDS.stepsDone[step] : WORDS.steps[step]}</strong>
          <span class="quiet">${help(step, state, how)}</span>
        </li>
      `;
    })}
  </ol>`;
}

function help(
  step: Step,
  state: "now" | "later" | "done" | "skipped",
  how: { keptIn: Storage; companion: string; provider: string },
): string {
  const words = WORDS.stepHelp;
  if (step === "sealing") return words.sealing;
  if (step === "storing") {
    return how.keptIn === "browser" ? words.storingBrowser : words.storingSynced(how.companion);
  }
  if (state === "skipped") return WORDS.testSkipped;
  return state === "done" ? words.tested(how.provider) : words.testing(how.provider);
}

/** What the provider said, and what that means. */
export function outcome(
  entry: Entry,
  name: string,
  testError: KeysealError | undefined,
): TemplateResult {
  const { status } = entry;
  return html`
    <div class="result ${TONES[status]}">
      <p class="result-title">
        ${status === "valid" ? icons.check : icons.info}
        ${status === "untested" ? WORDS.result.untested : WORDS.result[status](name)}
      </p>
      <p>
        <span class="mono">${entry.keyHint}</span>
        ${entry.label ? html`<strong dir="auto">${entry.label}</strong>` : nothing}
      </p>
      ${entry.statusDetail ? html`<p>${entry.statusDetail}</p>` : nothing}
      ${
        testError
          ? html`<p>${WORDS.testFailed}: ${testError.message}
            <span class="quiet">${strings.problem(testError.code)}</span></p>`
          : html`<p>${WORDS.resultText[status]}</p>`
      }
    </div>
  `;
}
