import {
  html,
  nothing,
  type ReactiveController,
  type ReactiveControllerHost,
  type TemplateResult,
} from "lit";
import { live } from "lit/directives/live.js";
import { KeysealError } from "../../errors.js";
import type { Detection } from "../../types.js";
import type { Vault } from "../../vault/vault.js";
import { Secret } from "./secret.js";

const DOT = "•";

/** Edits whose text is taken before it is in the field, where the browser lets that be done. */
const TAKEN = new Set(["insertText", "insertFromPaste", "insertFromDrop", "insertReplacementText"]);

/** Edits that would bring back what was typed before: there is nothing of it to bring back. */
const HISTORY = new Set(["historyUndo", "historyRedo"]);

/**
 * The field that a key is pasted into. The field itself never holds the key: its value is dots, one for each
 * character, and the key goes as bytes to the wasm, which says whose it is, and seals it. So nothing finds it in the
 * value of an input: no password manager, no form history, no script that reads fields, no undo.
 *
 * What is possible: a paste or a drop comes as a string out of the clipboard's data, which the browser frees when it
 * will, and that cannot be overwritten; what is made of it here can, and is. A key that is typed, or put in by an
 * input method that cannot be stopped, stands in the field for the moment of its `input` event. A hostile script in
 * the same page that listens to pastes reads the clipboard as well as this field does: see the threat model.
 */
export class PasteField implements ReactiveController {
  detection: Detection | undefined;
  error: KeysealError | undefined;
  /** Whether something came from the clipboard: then there is something to clear there. */
  pasted = false;

  readonly #secret = new Secret();
  readonly #host: ReactiveControllerHost & { vault: Vault | undefined };
  readonly #changed: () => void;

  constructor(
    host: ReactiveControllerHost & { vault: Vault | undefined },
    changed: () => void = () => {},
  ) {
    this.#host = host;
    this.#changed = changed;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.wipe();
  }

  get isEmpty(): boolean {
    return this.#secret.isEmpty;
  }

  /** How many characters there are; the field shows as many dots. */
  get length(): number {
    return this.#secret.length;
  }

  /** Hands the key to what seals it, and wipes the copy that was made for it. */
  async used<T>(seal: (key: Uint8Array) => Promise<T>): Promise<T> {
    const key = this.#secret.copy();
    try {
      return await seal(key);
    } finally {
      key.fill(0);
    }
  }

  /** Fills in a key that nobody pasted, such as one for trying things out. */
  fill(text: string): void {
    this.#edit(0, this.#secret.length, text);
  }

  wipe(): void {
    this.#secret.wipe();
    this.detection = undefined;
    this.error = undefined;
    this.pasted = false;
    this.#host.requestUpdate();
  }

  render(options: { describedBy: string; label?: string; disabled?: boolean }): TemplateResult {
    return html`<input
      id="key"
      part="field"
      class="input mono"
      type="text"
      autocomplete="off"
      autocapitalize="off"
      autocorrect="off"
      spellcheck="false"
      data-1p-ignore
      data-lpignore="true"
      data-bwignore
      data-form-type="other"
      aria-label=${options.label ?? nothing}
      aria-describedby=${options.describedBy}
      ?disabled=${options.disabled ?? false}
      .value=${live(DOT.repeat(this.#secret.length))}
      @paste=${this.#paste}
      @drop=${this.#drop}
      @copy=${this.#stop}
      @cut=${this.#stop}
      @dragstart=${this.#stop}
      @beforeinput=${this.#beforeInput}
      @input=${this.#input}
    />`;
  }

  readonly #stop = (event: Event) => event.preventDefault();

  readonly #paste = (event: ClipboardEvent) => {
    // What carries nothing puts nothing into the field either.
    if (!event.clipboardData?.types.length) return;
    event.preventDefault();
    this.#taken(event, event.clipboardData);
  };

  readonly #drop = (event: DragEvent) => {
    event.preventDefault();
    this.#taken(event, event.dataTransfer);
  };

  #taken(event: Event, data: DataTransfer | null): void {
    const text = data?.getData("text/plain") ?? "";
    if (!text) return;
    this.pasted = event.type === "paste";
    this.#replaceSelection(event.target as HTMLInputElement, text);
  }

  readonly #beforeInput = (event: InputEvent) => {
    if (HISTORY.has(event.inputType)) event.preventDefault();
    if (!TAKEN.has(event.inputType) || !event.cancelable || event.data === null) return;
    event.preventDefault();
    this.#replaceSelection(event.target as HTMLInputElement, event.data);
  };

  #replaceSelection(field: HTMLInputElement, text: string): void {
    const start = field.selectionStart ?? this.#secret.length;
    const end = field.selectionEnd ?? start;
    this.#edit(start, end, text);
    this.#show(field, start + [...text].length);
  }

  /** Whatever was not caught before it happened: what was deleted, and letters of input methods. */
  readonly #input = (event: Event) => {
    const field = event.target as HTMLInputElement;
    const { value } = field;
    const caret = field.selectionStart ?? value.length;
    // Behind the caret stands what stood there before; before it, dots that were there, then what is new.
    const kept = value.length - caret;
    let start = 0;
    while (start < caret && value[start] === DOT) start += 1;
    const end = Math.max(start, this.#secret.length - kept);
    const text = value.slice(start, caret);
    this.#edit(start, end, text);
    this.#show(field, start + [...text].length);
  };

  #edit(start: number, end: number, text: string): void {
    this.#secret.splice(start, end, text);
    this.#look();
    this.#host.requestUpdate();
    this.#changed();
  }

  /** Dots in the place of what was entered, at once and not with the next drawing. */
  #show(field: HTMLInputElement, caret: number): void {
    field.value = DOT.repeat(this.#secret.length);
    const at = Math.min(caret, field.value.length);
    field.setSelectionRange(at, at);
  }

  #look(): void {
    this.error = undefined;
    this.detection = undefined;
    const { vault } = this.#host;
    if (this.#secret.isEmpty || !vault) return;
    const key = this.#secret.copy();
    try {
      this.detection = vault.detect(key);
    } catch (thrown) {
      this.error = KeysealError.from(thrown);
    } finally {
      key.fill(0);
    }
  }
}

/** Whether the clipboard can be emptied from here. */
export function canClearClipboard(): boolean {
  return typeof navigator !== "undefined" && Boolean(navigator.clipboard?.writeText);
}

/** Puts nothing into the clipboard. It does not read what is in it. */
export async function clearClipboard(): Promise<void> {
  await navigator.clipboard.writeText("");
}
