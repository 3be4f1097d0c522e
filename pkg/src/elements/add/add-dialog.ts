import { html, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import {
  type Detection,
  type Entry,
  KeysealError,
  type ProviderInfo,
  type Storage,
} from "../../index.js";
import { define } from "../define.js";
import * as strings from "../strings.js";
import { controls, dialogs } from "../ui/controls.js";
import { hostOf } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { addStyles } from "./add-styles.js";
import { demoKey, offersDemo } from "./demo-key.js";

type Step = "sealing" | "storing" | "testing";
const STEPS: readonly Step[] = ["sealing", "storing", "testing"];

type Stage =
  | { is: "form" }
  | { is: "working"; step: Step }
  | { is: "done"; entry: Entry; testError: KeysealError | undefined };

/** Sealing takes a millisecond. A step stays this long, so that it can be seen to happen. */
const STEP_SHOWN_MS = 260;

const WORDS = strings.add;

/** Adding a key: paste, look, seal. Also puts a new key in the place of an old one. */
export class AddDialog extends VaultElement {
  @state() private stage: Stage = { is: "form" };
  @state() private detection: Detection | undefined;
  @state() private provider = "";
  @state() private storage: Storage = "synced";
  @state() private replacing: Entry | undefined;
  @state() private error: KeysealError | undefined;
  @state() private pasted = "";
  @state() private label = "";
  @state() private host = "";
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("#key") private keyField!: HTMLInputElement | null;

  /** True once a person has chosen the provider: detection then only comments. */
  #chosen = false;

  /** Opens the dialog: empty, with a key filled in, or to replace an entry's key. */
  async show(how: { pasted?: string; replace?: Entry } = {}): Promise<void> {
    this.#reset();
    this.replacing = how.replace;
    if (how.replace) this.provider = how.replace.provider;
    await this.updateComplete;
    this.dialog.showModal();
    if (how.pasted) this.#keyChanged(how.pasted);
    this.keyField?.focus();
  }

  #reset(): void {
    this.stage = { is: "form" };
    this.detection = undefined;
    this.provider = "";
    this.storage = "synced";
    this.replacing = undefined;
    this.error = undefined;
    this.pasted = "";
    this.label = "";
    this.host = "";
    this.#chosen = false;
  }

  protected override render(): TemplateResult {
    const title = this.replacing
      ? WORDS.replaceTitle(this.providerName(this.replacing.provider))
      : WORDS.title;
    return html`
      <dialog aria-labelledby="title" @close=${this.#closed} @cancel=${this.#mayClose}>
        <div class="dialog-head">
          <h2 id="title">${title}</h2>
          <button
            class="icon-button"
            type="button"
            aria-label=${WORDS.close}
            ?disabled=${this.stage.is === "working"}
            @click=${() => this.dialog.close()}
          >
            ${icons.close}
          </button>
        </div>
        ${this.stage.is === "form" ? this.#form() : this.#progress()}
      </dialog>
    `;
  }

  #form(): TemplateResult {
    const info = this.#info();
    return html`
      <form class="dialog-body" novalidate @submit=${this.#submit}>
        ${
          this.replacing
            ? html`<p class="quiet">${WORDS.replaceLead(this.replacing.keyHint)}</p>`
            : nothing
        }
        ${problem(this.error, WORDS.notStored)}
        <div class="field">
          <label class="name" for="key">${WORDS.paste}</label>
          <input
            id="key"
            class="input mono dots"
            type="text"
            autocomplete="off"
            autocapitalize="off"
            autocorrect="off"
            spellcheck="false"
            data-1p-ignore
            data-lpignore="true"
            data-bwignore
            data-form-type="other"
            aria-describedby="detected"
            .value=${live(this.pasted)}
            @input=${(event: InputEvent) => this.#keyChanged((event.target as HTMLInputElement).value)}
          />
          <div id="detected" class="detected" aria-live="polite">${this.#detected()}</div>
        </div>
        ${this.replacing ? nothing : this.#details(info)}
        <div class="dialog-foot">
          <button class="button" type="button" @click=${() => this.dialog.close()}>${WORDS.cancel}</button>
          <button class="button primary" type="submit">${icons.seal}${WORDS.submit}</button>
        </div>
      </form>
    `;
  }

  #detected(): TemplateResult {
    if (!this.pasted) {
      return html`
        <span class="help">${WORDS.pasteHelp}</span>
        ${
          !this.replacing && offersDemo(this.vault)
            ? html`<span class="demo">${WORDS.demo}
              <button class="link" type="button" @click=${() => this.#keyChanged(demoKey())}>
                ${WORDS.useDemo}
              </button></span>`
            : nothing
        }
      `;
    }
    const { provider, alternatives = [], warnings = [], hint = "" } = this.detection ?? {};
    const others = alternatives.filter((id) => id !== provider).map((id) => this.providerName(id));
    const name = provider && this.providerName(provider);
    const said = !name
      ? this.provider
        ? WORDS.chosen(this.providerName(this.provider))
        : WORDS.unsure
      : others.length
        ? WORDS.maybe(name, others)
        : WORDS.looksLike(name);
    return html`
      <span class=${name ? "sure" : "unsure"}>
        ${name ? icons.check : icons.info}<span>${said} <span class="mono quiet">${hint}</span></span>
      </span>
      ${warnings.map(
        ({ message }) => html`<span class="warning">${icons.warn}<span>${message}</span></span>`,
      )}
    `;
  }

  #details(info: ProviderInfo | undefined): TemplateResult {
    return html`
      <div class="pair">
        <div class="field">
          <label class="name" for="provider">${WORDS.provider}</label>
          <select id="provider" class="input" @change=${this.#providerChosen}>
            <option value="" ?selected=${!this.provider} disabled>${WORDS.choose}</option>
            ${this.vault.providers.map(
              ({ id, name }) =>
                html`<option value=${id} ?selected=${id === this.provider}>${name}</option>`,
            )}
          </select>
          ${
            info?.dashboard
              ? html`<a class="link" href=${info.dashboard} target="_blank" rel="noopener noreferrer">
                ${WORDS.whereToGet(info.name)} ${icons.out}
              </a>`
              : nothing
          }
        </div>
        <div class="field">
          <label class="name" for="label">
            ${WORDS.label} <span class="aside">${WORDS.optional}</span>
          </label>
          <input
            id="label"
            class="input"
            maxlength="60"
            autocomplete="off"
            .value=${live(this.label)}
            @input=${(event: InputEvent) => {
              this.label = (event.target as HTMLInputElement).value;
            }}
            placeholder=${WORDS.labelPlaceholder}
          />
        </div>
      </div>
      ${
        info?.customHost
          ? html`<div class="field">
            <label class="name" for="host">${WORDS.host}</label>
            <input
              id="host"
              class="input mono"
              autocomplete="off"
              spellcheck="false"
              aria-describedby="host-help"
              .value=${live(this.host)}
              @input=${(event: InputEvent) => {
                this.host = (event.target as HTMLInputElement).value;
              }}
            />
            <span id="host-help" class="help">${WORDS.hostHelp}</span>
          </div>`
          : nothing
      }
      <fieldset>
        <legend class="legend">${WORDS.where}</legend>
        <div class="cards">
          ${this.#card("synced", WORDS.synced, WORDS.syncedText(hostOf(location.origin)), icons.devices)}
          ${this.#card(
            "browser",
            WORDS.browser,
            this.vault.persistent
              ? WORDS.browserText
              : `${WORDS.browserText} ${WORDS.browserMemory}`,
            icons.browser,
          )}
        </div>
      </fieldset>
    `;
  }

  #card(storage: Storage, title: string, text: string, icon: TemplateResult): TemplateResult {
    return html`
      <label class="choice">
        <input
          type="radio"
          name="storage"
          value=${storage}
          aria-describedby=${`about-${storage}`}
          .checked=${live(this.storage === storage)}
          @change=${() => {
            this.storage = storage;
          }}
        />
        <span class="choice-title">${icon}${title}</span>
        <span class="choice-text" id=${`about-${storage}`}>${text}</span>
      </label>
    `;
  }

  #progress(): TemplateResult {
    const done = this.stage.is === "done" ? this.stage : undefined;
    return html`
      <div class="dialog-body">
        <ol class="steps">
          ${STEPS.map((step) => this.#step(step))}
        </ol>
        <div role="status" class="outcome" tabindex="-1">
          ${done ? this.#outcome(done.entry, done.testError) : nothing}
        </div>
        ${
          done
            ? html`<div class="dialog-foot">
              ${
                this.replacing
                  ? nothing
                  : html`<button class="button" type="button" @click=${this.#again}>${WORDS.another}</button>`
              }
              <button class="button primary" type="button" @click=${() => this.dialog.close()}>
                ${WORDS.done}
              </button>
            </div>`
            : nothing
        }
      </div>
    `;
  }

  #step(step: Step): TemplateResult {
    const { stage } = this;
    const at = stage.is === "working" ? STEPS.indexOf(stage.step) : STEPS.length;
    const index = STEPS.indexOf(step);
    const tested = step !== "testing" || stage.is !== "done" || stage.entry.status !== "untested";
    const how = index === at ? "now" : index > at ? "later" : tested ? "done" : "skipped";
    const name = this.providerName(this.provider);
    const help = {
      sealing: WORDS.stepHelp.sealing,
      storing:
        this.#keptIn() === "browser"
          ? WORDS.stepHelp.storingBrowser
          : WORDS.stepHelp.storingSynced(hostOf(location.origin)),
      testing: {
        skipped: WORDS.testSkipped,
        done: WORDS.stepHelp.tested(name),
        now: WORDS.stepHelp.testing(name),
        later: WORDS.stepHelp.testing(name),
      }[how],
    }[step];
    return html`
      <li class=${how} aria-current=${how === "now" ? "step" : nothing}>
        <span class="mark">
          ${
            how === "now"
              ? html`<span class="spinner"></span>`
              : how === "done"
                ? icons.check
                : html`<i></i>`
          }
        </span>
        <strong>${how === "done" ? WORDS.stepsDone[step] : WORDS.steps[step]}</strong>
        <span class="quiet">${help}</span>
      </li>
    `;
  }

  #outcome(entry: Entry, testError: KeysealError | undefined): TemplateResult {
    const name = this.providerName(entry.provider);
    const { status } = entry;
    const title = status === "untested" ? WORDS.result.untested : WORDS.result[status](name);
    const tone = {
      valid: "ok",
      limited: "warn",
      unknown: "warn",
      invalid: "bad",
      untested: "quiet",
    }[status];
    return html`
      <div class="result ${tone}">
        <p class="result-title">${status === "valid" ? icons.check : icons.info}${title}</p>
        <p>
          <span class="mono">${entry.keyHint}</span>
          ${entry.label ? html`<strong>${entry.label}</strong>` : nothing}
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

  #keyChanged(pasted: string): void {
    this.pasted = pasted;
    this.error = undefined;
    try {
      this.detection = pasted ? this.vault.detect(pasted) : undefined;
    } catch (thrown) {
      this.detection = undefined;
      this.error = KeysealError.from(thrown);
    }
    if (!this.#chosen && !this.replacing) this.provider = this.detection?.provider ?? "";
  }

  readonly #providerChosen = (event: Event) => {
    this.provider = (event.target as HTMLSelectElement).value;
    this.#chosen = true;
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const missing = this.#missing();
    if (missing) {
      this.error = new KeysealError("validation", missing.message);
      this.renderRoot.querySelector<HTMLElement>(missing.field)?.focus();
      return;
    }
    this.error = undefined;
    try {
      await this.#shown("sealing");
      const entry = await this.#store();
      // The key has done its part: what is left of it in the field goes now.
      this.pasted = "";
      await this.#shown("storing");
      await this.#test(entry);
    } catch (thrown) {
      this.error = this.failure(thrown);
      this.stage = { is: "form" };
      await this.updateComplete;
      this.keyField?.focus();
    }
  };

  #store(): Promise<Entry> {
    if (this.replacing) return this.vault.replace(this.replacing.id, this.pasted);
    return this.vault.add(this.pasted, {
      provider: this.provider,
      storage: this.storage,
      label: this.label.trim(),
      ...(this.#info()?.customHost ? { host: this.host.trim() } : {}),
      onStep: (step) => {
        this.stage = { is: "working", step };
      },
    });
  }

  async #test(stored: Entry): Promise<void> {
    let testError: KeysealError | undefined;
    if (this.#info()?.testCost !== "none") {
      await this.#shown("testing");
      await this.vault.test(stored.id).catch((thrown: unknown) => {
        testError = this.failure(thrown);
      });
    }
    const entry = this.vault.entries.find(({ id }) => id === stored.id) ?? stored;
    this.stage = { is: "done", entry, testError };
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".dialog-foot .primary")?.focus();
  }

  /** What is still missing, and the field where it goes. */
  #missing(): { message: string; field: string } | undefined {
    const { customHost } = this.#info() ?? {};
    if (!this.pasted.trim()) return { message: WORDS.missingKey, field: "#key" };
    if (!this.provider) return { message: WORDS.missingProvider, field: "#provider" };
    if (customHost && !this.replacing && !this.host.trim()) {
      return { message: WORDS.missingHost, field: "#host" };
    }
    return undefined;
  }

  async #shown(step: Step): Promise<void> {
    this.stage = { is: "working", step };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    await new Promise((resolve) => setTimeout(resolve, still ? 0 : STEP_SHOWN_MS));
  }

  #info(): ProviderInfo | undefined {
    return this.vault.providers.find(({ id }) => id === this.provider);
  }

  #keptIn(): Storage {
    return this.replacing?.storage ?? this.storage;
  }

  readonly #again = () => this.#restart();

  async #restart(): Promise<void> {
    this.#reset();
    await this.updateComplete;
    this.keyField?.focus();
  }

  /** While the key is on its way the dialog stays. */
  readonly #mayClose = (event: Event) => {
    if (this.stage.is === "working") event.preventDefault();
  };

  readonly #closed = () => this.#reset();

  static override styles = [controls, dialogs, addStyles];
}

define("keyseal-add", AddDialog);
