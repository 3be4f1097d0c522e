import { html, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { KeysealError } from "../../errors.js";
import { oauthProviders, startOAuth } from "../../oauth/index.js";
import type { Entry, ProviderInfo, Storage } from "../../types.js";
import { COMPANIONS_OWN } from "../../vault/relayed.js";
import { define } from "../define.js";
import { emit } from "../events.js";
import * as strings from "../strings.js";
import { controls, dialogs } from "../ui/controls.js";
import { hostOf } from "../ui/format.js";
import { icons } from "../ui/icons.js";
import { problem, VaultElement } from "../ui/vault-element.js";
import { addStyles } from "./add-styles.js";
import { demoKey, offersDemo } from "./demo-key.js";
import { detected, otherwise } from "./detected.js";
import "./limits-fields.js";
import { type Limits, type LimitsFields, NO_LIMITS } from "./limits-fields.js";
import { keepWishes, type Wishes } from "./oauth-return.js";
import { canClearClipboard, clearClipboard, PasteField } from "./paste-field.js";
import { outcome, type Step, steps } from "./progress.js";
import { storageCards } from "./storage-cards.js";
import "./wizard.js";
import type { ProviderChosen } from "./wizard.js";

type Stage =
  | { is: "wizard" }
  | { is: "form" }
  | { is: "working"; step: Step }
  | { is: "done"; entry: Entry; testError: KeysealError | undefined };

/** Sealing takes a millisecond. A step stays this long, so that it can be seen to happen. */
const STEP_SHOWN_MS = 260;

const WORDS = strings.add;
const LABEL_LETTERS = 60;

/** Adding a key: paste, look, seal. Also puts a new key in the place of an old one. */
export class AddDialog extends VaultElement {
  /** Whose keys these are, where that is worth saying before one is sealed. */
  @property() account: string | undefined;
  @state() private stage: Stage = { is: "form" };
  @state() private provider = "";
  @state() private storage: Storage = "synced";
  @state() private replacing: Entry | undefined;
  @state() private error: KeysealError | undefined;
  @state() private label = "";
  @state() private host = "";
  @state() private cleared = false;
  /** Whose key it is, its person knows better than its looks. */
  @state() private insists = false;
  @query("dialog") private dialog!: HTMLDialogElement;
  @query("#key") private keyField!: HTMLInputElement | null;
  @query("keyseal-limits-fields") private limits!: LimitsFields | null;

  /** True once a person has chosen the provider: detection then only comments. */
  #chosen = false;

  readonly #key = new PasteField(this, () => this.#keyChanged());

  /** Opens the dialog: empty, with a key for trying things out, or to replace an entry's key. */
  async show(how: { demo?: boolean; replace?: Entry } = {}): Promise<void> {
    this.#reset();
    this.replacing = how.replace;
    if (how.replace) this.provider = how.replace.provider;
    await this.updateComplete;
    this.dialog.showModal();
    if (how.demo) this.#key.fill(demoKey());
    this.keyField?.focus();
  }

  /** Opens the dialog on the progress of a key that comes by another way than pasting. */
  async follow({ wishes, coming }: { wishes: Wishes; coming: Promise<Entry> }): Promise<void> {
    this.#reset();
    this.provider = wishes.provider;
    this.storage = wishes.storage;
    this.label = wishes.label;
    this.stage = { is: "working", step: "sealing" };
    coming.catch(() => undefined); // it is heard below
    await this.updateComplete;
    this.dialog.showModal();
    await this.#finish(() => coming);
  }

  #reset(): void {
    this.stage = { is: "form" };
    this.provider = "";
    this.storage = "synced";
    this.replacing = undefined;
    this.error = undefined;
    this.label = "";
    this.host = "";
    this.cleared = false;
    this.insists = false;
    this.#chosen = false;
    this.#key.wipe();
  }

  protected override render(): TemplateResult {
    const title = this.replacing
      ? WORDS.replaceTitle(this.providerName(this.replacing.provider))
      : WORDS.title;
    return html`
      <dialog
        part="dialog"
        aria-labelledby="title"
        @close=${this.#closed}
        @cancel=${this.#mayClose}
        @paste=${this.#pastedAnywhere}
      >
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
        ${this.#stage()}
      </dialog>
    `;
  }

  #stage(): TemplateResult {
    switch (this.stage.is) {
      case "wizard":
        return html`<keyseal-add-wizard
          class="dialog-body"
          .providers=${this.vault.providers}
          @provider-chosen=${this.#providerFromWizard}
          @wizard-left=${() => this.#toForm()}
        ></keyseal-add-wizard>`;
      case "form":
        return this.#form();
      default:
        return this.#progress();
    }
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
        ${problem(this.error ?? this.#key.error, this.#key.isEmpty ? "" : WORDS.notStored)}
        <div class="field">
          <label class="name" for="key">${WORDS.paste}</label>
          ${this.#key.render({ describedBy: "detected" })}
          <div id="detected" class="detected" aria-live="polite">${this.#detected()}</div>
        </div>
        ${this.#otherwise()}
        ${this.replacing ? nothing : this.#details(info)}
        ${
          this.account
            ? html`<p class="quiet">${WORDS.sealedFor(this.account, hostOf(this.vault.companion?.url ?? ""))}</p>`
            : nothing
        }
        <div class="dialog-foot">
          <button class="button" type="button" @click=${() => this.dialog.close()}>${WORDS.cancel}</button>
          <button class="button primary" type="submit">${icons.seal}${WORDS.submit}</button>
        </div>
      </form>
    `;
  }

  #detected(): TemplateResult {
    // What cannot be a key is nobody's; why, the box above says.
    if (this.#key.error) return html``;
    if (!this.#key.isEmpty) {
      const same = ({ provider, keyHint }: Entry) =>
        provider === this.provider && keyHint === this.#key.detection?.hint;
      return html`${detected(this.#key, this.provider, (id) => this.providerName(id))}
        ${
          this.vault.entries.some(same)
            ? html`<span class="unsure">${icons.info}${WORDS.alreadyHere}</span>`
            : nothing
        }`;
    }
    if (this.replacing) return html`<span class="help">${WORDS.pasteHelp}</span>`;
    return html`
      <span class="help">${WORDS.pasteHelp}</span>
      <span class="aside-line">
        ${WORDS.noKey}
        <button class="link" type="button" @click=${this.#toWizard}>${WORDS.toWizard}</button>
        ${
          offersDemo(this.vault)
            ? html`<span>${WORDS.or}
              <button class="link" type="button" @click=${() => this.#key.fill(demoKey())}>
                ${WORDS.useDemo}
              </button></span>`
            : nothing
        }
      </span>
    `;
  }

  /** A key that is tested is sent: to a provider whose it does not look like only when its person says so. */
  #otherwise(): TemplateResult | typeof nothing {
    const provider = otherwise(this.#key, this.provider);
    if (!provider) return nothing;
    return html`<label class="otherwise">
      <input
        id="otherwise"
        type="checkbox"
        .checked=${live(this.insists)}
        @change=${(event: Event) => {
          this.insists = (event.target as HTMLInputElement).checked;
          this.error = undefined;
        }}
      />
      ${WORDS.otherwise(this.providerName(provider), this.providerName(this.provider))}
    </label>`;
  }

  #details(info: ProviderInfo | undefined): TemplateResult {
    return html`
      <div class="pair">
        <div class="field">
          <label class="name" for="provider">${WORDS.provider}</label>
          <select id="provider" class="input" @change=${this.#providerChosen}>
            <option value="" ?selected=${!this.provider} disabled>${WORDS.choose}</option>
            ${this.#byName().map(
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
          ${
            info && this.#mayLeave() && oauthProviders.includes(info.id)
              ? html`<button class="link" type="button" @click=${this.#signIn}>
                ${WORDS.signIn(info.name)}
              </button>`
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
            maxlength=${LABEL_LETTERS}
            dir="auto"
            autocomplete="off"
            .value=${live(this.label)}
            @input=${(event: InputEvent) => {
              this.label = (event.target as HTMLInputElement).value;
            }}
            placeholder=${WORDS.labelPlaceholder}
          />
          ${this.label.length < LABEL_LETTERS ? nothing : html`<span class="help">${WORDS.labelFull}</span>`}
        </div>
      </div>
      ${info || this.#key.isEmpty ? nothing : html`<p class="help">${WORDS.ownEndpoint}</p>`}
      ${info?.customHost ? this.#hostField() : nothing}
      ${storageCards(this.vault, this.provider, this.storage, (storage) => {
        this.storage = storage;
      })}
      ${info ? this.#allowed(info) : nothing}
      <details class="more">
        <summary>${WORDS.more}</summary>
        <keyseal-limits-fields ?budget=${this.storage === "synced"}></keyseal-limits-fields>
      </details>
    `;
  }

  /** As somebody looks for one of many. */
  #byName(): ProviderInfo[] {
    return [...this.vault.providers].sort((a, b) => a.name.localeCompare(b.name, "en"));
  }

  #hostField(): TemplateResult {
    return html`<div class="field">
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
    </div>`;
  }

  #allowed({ id, name, categories }: ProviderInfo): TemplateResult {
    const { can, cannot, canDemo, cannotDemo } = WORDS.allowed;
    // Nobody has an account at the demo.
    const isDemo = id === COMPANIONS_OWN;
    return html`
      <ul class="allowed" aria-label=${WORDS.allowed.title}>
        <li>${icons.check}<span>${isDemo ? canDemo : can(name, categories)}</span></li>
        <li>${icons.cross}<span>${isDemo ? cannotDemo : cannot(name)}</span></li>
      </ul>
    `;
  }

  #progress(): TemplateResult {
    const { stage } = this;
    const done = stage.is === "done" ? stage : undefined;
    return html`
      <div class="dialog-body">
        ${steps({
          at: stage.is === "working" ? stage.step : undefined,
          test:
            done?.testError || done?.entry.status === "unknown"
              ? "unclear"
              : done?.entry.status === "untested"
                ? "skipped"
                : "done",
          keptIn: this.replacing?.storage ?? this.storage,
          companion: this.companionHost(),
          provider: this.providerName(this.provider),
        })}
        <div role="status" class="outcome">
          ${done ? outcome(done.entry, this.providerName(done.entry.provider), done.testError) : nothing}
        </div>
        ${done ? this.#afterwards() : nothing}
      </div>
    `;
  }

  /** What the app offers next is for a key that is new, and that its provider takes. */
  #mayGoOn(): boolean {
    const { stage } = this;
    return !this.replacing && stage.is === "done" && /^(valid|limited)$/.test(stage.entry.status);
  }

  #afterwards(): TemplateResult {
    return html`
      ${
        this.#key.pasted && canClearClipboard()
          ? html`<p class="clipboard" aria-live="polite">
            ${
              this.cleared
                ? html`${icons.check}${WORDS.clipboardCleared}`
                : html`${WORDS.clipboard}
                <button class="button small" type="button" @click=${this.#clearClipboard}>
                  ${WORDS.clearClipboard}
                </button>`
            }
          </p>`
          : nothing
      }
      <div class="dialog-foot">
        ${
          this.replacing
            ? nothing
            : html`<button class="button" type="button" @click=${this.#restart}>${WORDS.another}</button>`
        }
        ${this.#mayGoOn() ? html`<slot name="added" @click=${() => this.dialog.close()}></slot>` : nothing}
        <button class="button primary" type="button" @click=${() => this.dialog.close()}>
          ${WORDS.done}
        </button>
      </div>
    `;
  }

  #keyChanged(): void {
    this.error = undefined;
    this.insists = false;
    if (!this.#chosen && !this.replacing) this.provider = this.#key.detection?.provider ?? "";
    // A recognised paste needs no wizard.
    if (this.stage.is === "wizard") void this.#toForm();
  }

  /** In the wizard there is no field yet: a paste is taken all the same, and skips ahead. */
  readonly #pastedAnywhere = (event: ClipboardEvent) => {
    if (this.stage.is !== "wizard" || event.defaultPrevented) return;
    const into = event.composedPath()[0];
    if (into instanceof HTMLInputElement) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!text) return;
    event.preventDefault();
    this.#key.pasted = true;
    this.#key.fill(text);
  };

  readonly #toWizard = () => {
    this.stage = { is: "wizard" };
  };

  async #toForm(): Promise<void> {
    this.stage = { is: "form" };
    await this.updateComplete;
    this.keyField?.focus();
  }

  readonly #providerFromWizard = ({ provider }: ProviderChosen) => {
    this.provider = provider;
    this.#chosen = true;
    void this.#toForm();
  };

  readonly #providerChosen = (event: Event) => {
    this.provider = (event.target as HTMLSelectElement).value;
    this.#chosen = true;
    this.insists = false;
    this.error = undefined;
  };

  /** A page that is held by another one does not go anywhere: providers refuse to be shown in a frame. */
  #mayLeave(): boolean {
    return window === window.top;
  }

  /** Away to the provider, and back with a key: see `oauth-return.ts`. */
  readonly #signIn = async (): Promise<void> => {
    try {
      const { provider, storage } = this;
      keepWishes({ provider, storage, label: this.label.trim() });
      location.assign(await startOAuth(provider, { callback: location.href }));
    } catch (thrown) {
      this.error = this.failure(thrown);
    }
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
    let limits = NO_LIMITS;
    try {
      // While the fields are still there.
      limits = this.limits?.read() ?? NO_LIMITS;
    } catch (thrown) {
      this.error = KeysealError.from(thrown);
      return;
    }
    await this.#finish(() => this.#store(limits));
  };

  async #finish(store: () => Promise<Entry>): Promise<void> {
    try {
      await this.#shown("sealing");
      const entry = await store();
      // The key has done its part: what is left of it here goes now.
      const { pasted } = this.#key;
      this.#key.wipe();
      this.#key.pasted = pasted;
      emit(this, this.replacing ? "keyseal-replaced" : "keyseal-added", { entry });
      await this.#shown("storing");
      await this.#test(entry);
    } catch (thrown) {
      this.error = this.failure(thrown);
      await this.#toForm();
    }
  }

  #store({ expiresAt, budgetUsd, budgetPeriod }: Limits): Promise<Entry> {
    const { replacing } = this;
    if (replacing) return this.#key.used((key) => this.vault.replace(replacing.id, key));
    return this.#key.used((key) =>
      this.vault.add(key, {
        provider: this.provider,
        storage: this.storage,
        label: this.label.trim(),
        ...(expiresAt ? { expiresAt } : {}),
        ...(budgetUsd === null ? {} : { budgetUsd, budgetPeriod }),
        ...(this.#info()?.customHost ? { host: this.host.trim() } : {}),
        onStep: (step) => {
          this.stage = { is: "working", step };
        },
      }),
    );
  }

  async #test(stored: Entry): Promise<void> {
    let testError: KeysealError | undefined;
    if (this.#info()?.testCost !== "none") {
      await this.#shown("testing");
      const result = await this.vault.test(stored.id).catch((thrown: unknown) => {
        testError = this.failure(thrown);
      });
      if (result) emit(this, "keyseal-tested", { entry: this.#now(stored), result });
    }
    this.stage = { is: "done", entry: this.#now(stored), testError };
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(".dialog-foot .primary")?.focus();
  }

  #now(stored: Entry): Entry {
    return this.vault.entries.find(({ id }) => id === stored.id) ?? stored;
  }

  /** What is still missing, and the field where it goes. */
  #missing(): { message: string; field: string } | undefined {
    const { customHost } = this.#info() ?? {};
    if (this.#key.isEmpty) return { message: WORDS.missingKey, field: "#key" };
    if (!this.provider) return { message: WORDS.missingProvider, field: "#provider" };
    const other = otherwise(this.#key, this.provider);
    if (other && !this.insists) {
      const message = WORDS.wrongProvider(this.providerName(other));
      return { message, field: "#otherwise" };
    }
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

  readonly #clearClipboard = async (): Promise<void> => {
    try {
      await clearClipboard();
      this.cleared = true;
      await this.updateComplete;
      this.renderRoot.querySelector<HTMLElement>(".dialog-foot .primary")?.focus();
    } catch (thrown) {
      this.error = KeysealError.from(thrown);
    }
  };

  readonly #restart = async (): Promise<void> => {
    this.#reset();
    await this.updateComplete;
    this.keyField?.focus();
  };

  /** While the key is on its way the dialog stays. */
  readonly #mayClose = (event: Event) => {
    if (this.stage.is === "working") event.preventDefault();
  };

  readonly #closed = () => this.#reset();

  static override styles = [controls, dialogs, addStyles];
}

define("keyseal-add", AddDialog);
