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
  /** What came of the test: nothing where none was made, or none could be. */
  test: "done" | "skipped" | "unclear";
  keptIn: Storage;
  companion: string;
  provider: string;
}): TemplateResult {
  const at = how.at ? STEPS.indexOf(how.at) : STEPS.length;
  return html`<ol class="steps">
    ${STEPS.map((step, index) => {
      const passed = step === "testing" ? how.test : "done";
      const state = index === at ? "now" : index > at ? "later" : passed;
      return html`
        <li class=${state} aria-current=${state === "now" ? "step" : nothing}>
          <span class="mark">
            ${
              state === "now"
                ? html`<span class="spinner"></span>`
                : state === "done"
                  ? icons.check
                  : state === "unclear"
                    ? icons.info
                    : html`<i></i>`
            }
          </span>
          <strong>${named(step, state)}</strong>
          <span class="quiet">${help(step, state, how)}</span>
        </li>
      `;
    })}
  </ol>`;
}

type State = "now" | "later" | "done" | "skipped" | "unclear";

function named(step: Step, state: State): string {
  if (state === "done") return WORDS.stepsDone[step];
  return state === "unclear" ? WORDS.testUnclear : WORDS.steps[step];
}

function help(
  step: Step,
  state: State,
  how: { keptIn: Storage; companion: string; provider: string },
): string {
  const words = WORDS.stepHelp;
  if (step === "sealing") return words.sealing;
  if (step === "storing") {
    return how.keptIn === "browser" ? words.storingBrowser : words.storingSynced(how.companion);
  }
  if (state === "skipped") return WORDS.testSkipped;
  if (state === "unclear") return words.unclear(how.provider);
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
    <div class="result ${testError ? TONES.unknown : TONES[status]}">
      <p class="result-title">
        ${status === "valid" ? icons.check : icons.info}
        ${
          testError
            ? WORDS.testFailed
            : status === "untested"
              ? WORDS.result.untested
              : WORDS.result[status](name)
        }
      </p>
      <p>
        <span class="mono">${entry.keyHint}</span>
        ${entry.label ? html`<strong dir="auto">${entry.label}</strong>` : nothing}
      </p>
      ${entry.statusDetail ? html`<p>${entry.statusDetail}</p>` : nothing}
      ${
        testError
          ? html`<p>${testError.message} ${WORDS.resultText.unknown}
            <span class="quiet">${strings.problem(testError.code)}</span></p>`
          : html`<p>${WORDS.resultText[status]}</p>`
      }
    </div>
  `;
}
