import type { ReactiveController, ReactiveControllerHost } from "lit";
import { KeysealError } from "../../index.js";
import * as strings from "../strings.js";

/** How long after a click what it leads to may come. */
const FRESH_MS = 2000;

/**
 * Whether a form is sent by a person: by a click on its button, or by Enter. A script of the page can make events too,
 * and send a form; those are not trusted (DOM Standard, section 2.2: `isTrusted`).
 */
export class ByHand implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element;
  readonly #buttons: string;
  #at = Number.NEGATIVE_INFINITY;

  /** `buttons` selects those that count. */
  constructor(host: ReactiveControllerHost & Element, buttons = "[type=submit]") {
    this.#host = host;
    this.#buttons = buttons;
    host.addController(this);
  }

  // At the window, where all comes by first: the isolated frame holds clicks back until it is sure that they were
  // meant, and then makes them anew, which are not trusted.
  hostConnected(): void {
    for (const type of ["click", "keydown"]) window.addEventListener(type, this.#note, true);
  }

  hostDisconnected(): void {
    for (const type of ["click", "keydown"]) window.removeEventListener(type, this.#note, true);
  }

  readonly #note = (event: Event): void => {
    const path = event.composedPath();
    const end = path.indexOf(this.#host);
    if (!event.isTrusted || end < 0) return;
    const sends =
      event instanceof KeyboardEvent
        ? event.key === "Enter"
        : path.slice(0, end).some((it) => it instanceof Element && it.matches(this.#buttons));
    if (sends) this.#at = performance.now();
  };

  /** Whether somebody just did it; asked once. */
  taken(): boolean {
    const isFresh = performance.now() - this.#at < FRESH_MS;
    this.#at = Number.NEGATIVE_INFINITY;
    return isFresh;
  }

  /** Why a form is not taken that nobody has sent. */
  refusal(): KeysealError | undefined {
    if (this.taken()) return undefined;
    return new KeysealError("not_by_hand", strings.wayDialog.byHand, {
      next: strings.wayDialog.byHandNext,
    });
  }
}
