import { KeysealError } from "../../index.js";
import * as strings from "../strings.js";

/**
 * Whether a form is sent by a person: by a click on its button, or by Enter. A script of the page can make events too,
 * and send a form; those are not trusted (DOM Standard, section 2.2: `isTrusted`).
 */
export class ByHand {
  #hand = false;

  /** For the clicks and keys of the form. */
  readonly note = (event: Event): void => {
    const isSending =
      event instanceof KeyboardEvent
        ? event.key === "Enter"
        : (event.target as Element).closest("[type=submit]") !== null;
    if (!isSending) return;
    this.#hand = event.isTrusted;
    // The form is sent in the same turn.
    setTimeout(() => {
      this.#hand = false;
    });
  };

  /** Why a form is not taken that nobody has sent. */
  refusal(): KeysealError | undefined {
    if (this.#hand) return undefined;
    return new KeysealError("not_by_hand", strings.wayDialog.byHand, {
      next: strings.wayDialog.byHandNext,
    });
  }
}
