import { html, nothing, type TemplateResult } from "lit";
import { KeysealError, type Slot, type UnlockWith } from "../../index.js";
import * as strings from "../strings.js";

const WORDS = strings.wayDialog;

/** What somebody can show who is asked for a way in. */
export const PROOFS = ["passphrase", "passkey", "recovery"] as const;
export type ProofKind = (typeof PROOFS)[number];

/** The kinds that a vault can be asked for; none where only its device opens it. */
export function proofsOf(slots: readonly Slot[]): ProofKind[] {
  return PROOFS.filter((kind) => slots.some((slot) => slot.kind === kind));
}

/** What was entered, as the vault takes it. */
export function proofOf(kind: ProofKind, typed: string): UnlockWith {
  if (kind === "passkey") return { passkey: true };
  return kind === "passphrase" ? { passphrase: typed } : { recoveryCode: typed };
}

/** A field for a secret that there is already. */
export function secretField(
  kind: "passphrase" | "recovery",
  name: string,
  label: string = WORDS[kind],
): TemplateResult {
  return html`<label class="field">
    <span class="name">${label}</span>
    <input
      class="input ${kind === "recovery" ? "mono" : ""}"
      name=${name}
      type=${kind === "passphrase" ? "password" : "text"}
      autocomplete=${kind === "passphrase" ? "current-password" : "off"}
      autocapitalize="off"
      spellcheck="false"
      data-secret=${label}
      required
    />
  </label>`;
}

/** Asks for one of the ways in, where there is one besides the device's own. */
export function proofFields(
  kinds: readonly ProofKind[],
  chosen: ProofKind | undefined,
  choose: (kind: ProofKind) => void,
): TemplateResult | typeof nothing {
  if (!chosen) return nothing;
  return html`<fieldset class="proof">
    <legend>${WORDS.proof}</legend>
    <p class="help">${WORDS.proofText}</p>
    ${
      kinds.length > 1
        ? html`<label class="field">
          <span class="name">${WORDS.by}</span>
          <select
            class="input"
            name="by"
            @change=${(event: Event) => choose((event.target as HTMLSelectElement).value as ProofKind)}
          >
            ${kinds.map((kind) => html`<option value=${kind} ?selected=${kind === chosen}>${WORDS[kind]}</option>`)}
          </select>
        </label>`
        : nothing
    }
    ${
      chosen === "passkey"
        ? html`<p>${WORDS.passkeyText}</p>`
        : secretField(
            chosen,
            "proof",
            chosen === "passphrase" ? WORDS.passphraseNow : WORDS.recovery,
          )
    }
    <details>
      <summary>${WORDS.noProof}</summary>
      <p class="help">${WORDS.noProofText}</p>
    </details>
  </fieldset>`;
}

/** Why a secret was refused, by the fields that could have been it. */
export function wrongSecret(error: KeysealError, form: HTMLFormElement | null): KeysealError {
  if (error.code !== "wrong_secret") return error;
  const fields = [...(form?.querySelectorAll<HTMLInputElement>("[data-secret]") ?? [])];
  fields[0]?.focus();
  const label = fields.length === 1 ? fields[0]?.dataset.secret : undefined;
  const message = label ? WORDS.wrongOne(label) : WORDS.wrongSome;
  return new KeysealError(error.code, message, { next: WORDS.wrongNext });
}
