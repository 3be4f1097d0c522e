import {
  type ConfirmDialog,
  controls,
  hostOf,
  icons,
  notice,
  notices,
  VaultElement,
} from "keyseal/elements/ui";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { strings } from "../strings.js";
import type { Answer } from "./answer.js";
import "./answer.js";
import { chat } from "./chat.js";
import {
  type Choice,
  type Conversation,
  type Failure,
  messagesOf,
  newConversation,
  type Turn,
} from "./conversation.js";
import "./conversation-list.js";
import { explained } from "./explain.js";
import { Follow } from "./follow.js";
import { keepOpen, lastOpen } from "./last-open.js";
import "./model-picker.js";
import { type Chatter, chattersOf, firstOf, type Group, hasAuto, Models } from "./models.js";
import { layout } from "./playground-styles.js";
import { type Listed, type Listing, Shelf } from "./shelf.js";

const WORDS = strings.playground;
const NONE: Listing = { listed: [], unreadable: [] };
/** An answer that is still coming is kept as often. */
const KEPT_EVERY_MS = 1_000;
/** So much of an answer is read out when it has ended; the rest is there to be read. */
const READ_OUT = 600;

/** Hears that a conversation goes on under another id. */
type Parted = (to: Conversation) => void;

/** Chats under a person's own keys, kept sealed in this browser: the quickest way to see a key at work. */
export class PlaygroundView extends VaultElement {
  @state() private listing: Listing = NONE;
  @state() private locked: Failure | undefined;
  @state() private problem: { message: string; next: string } | undefined;
  @state() private now: Conversation = newConversation(null);
  @state() private key = "";
  @state() private groups: readonly Group[] | undefined;
  @state() private asking = false;
  @state() private text = "";
  @state() private complaint = "";
  @state() private said = "";
  /** The message that is being changed, by its place. */
  @state() private editing: number | undefined;
  @state() private listOpen = false;
  /** The id of a key: a new chat is to begin with it. */
  @property({ attribute: false }) startWith: string | undefined;
  @query("textarea") private field!: HTMLTextAreaElement | null;
  @query("keyseal-confirm") private confirm!: ConfirmDialog;
  @query("keyseal-answer[live]") private coming!: Answer | null;

  readonly #follow = new Follow(() => this.requestUpdate());
  /** What stood here before a reload. */
  readonly #before = lastOpen();
  #shelf: Shelf | undefined;
  #models: Models | undefined;
  #running: AbortController | undefined;
  #wasUnlocked: boolean | undefined;
  /** Deleted here: what was still on its way to one of them is not kept. */
  readonly #gone = new Set<string>();
  #drawing = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#follow.start();
  }

  protected override firstUpdated(): void {
    void this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#running?.abort();
    this.#follow.stop();
    this.#shelf?.close();
  }

  async #open(): Promise<void> {
    this.#models = new Models(this.vault);
    this.#shelf = await Shelf.open(this.vault);
    this.#shelf.addEventListener("change", () => void this.#changedElsewhere());
    await this.#list();
    // What was open before a reload is open again; a new chat goes on with the model of the last one.
    const open = this.#before;
    const id = open ?? this.listing.listed[0]?.id;
    const kept = id && (await this.#shelf.read(id).catch(() => undefined));
    if (!kept || this.now.choice || this.now.turns.length) return;
    if (id !== open) {
      this.now = { ...this.now, choice: kept.choice };
      return;
    }
    this.now = kept;
    await this.updateComplete;
    if (!this.hidden) this.#follow.toEnd();
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (changed.has("now")) keepOpen(this.now.turns.length ? this.now.id : undefined);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    if (changed.has("startWith") && this.startWith) this.#startWith(this.startWith);
    // Reading the list is a use of the vault: it is read when it may have changed, not with every look at the keys.
    const { unlocked } = this.vault;
    if (this.#wasUnlocked !== undefined && unlocked !== this.#wasUnlocked) {
      if (unlocked) void this.#list().then(() => this.#keep());
      else this.#lock();
    }
    this.#wasUnlocked = unlocked;
  }

  /** What was said goes out of sight with the vault's lock. An answer that is coming ends. */
  #lock(): void {
    this.#running?.abort();
    this.said = "";
    this.listing = NONE;
    this.now = newConversation(this.now.choice);
    this.editing = undefined;
    void this.#list();
  }

  protected override render(): TemplateResult {
    const chatters = chattersOf(this.vault);
    return html`
      <div class="head">
        <div>
          <h1>${WORDS.title}</h1>
          <p class="lead">${this.#shelf?.lasting === false ? WORDS.leadPassing : WORDS.lead}</p>
        </div>
        <div class="buttons">
          <button
            class="button list-opener"
            type="button"
            aria-expanded=${this.listOpen}
            aria-controls="side"
            @click=${() => {
              this.listOpen = !this.listOpen;
            }}
          >
            ${WORDS.showList}
          </button>
          <button class="button" type="button" @click=${this.#new}>${icons.plus}${WORDS.newChat}</button>
        </div>
      </div>
      <div class="notices" role="status">
        ${this.problem ? this.#notice(this.problem) : nothing}
      </div>
      <div class="both">
        <aside id="side" class=${this.listOpen ? "open" : nothing}>
          <keyseal-conversations
            .listing=${this.listing}
            .locked=${this.locked}
            .current=${this.now.id}
            @open=${(event: CustomEvent<string>) => this.#show(event.detail)}
            @rename=${(event: CustomEvent<{ id: string; title: string }>) => this.#rename(event.detail)}
            @remove=${(event: CustomEvent<Listed>) => this.#remove(event.detail)}
            @forget=${(event: CustomEvent<string[]>) => this.#forget(event.detail)}
          ></keyseal-conversations>
        </aside>
        ${chatters.length || this.now.turns.length ? this.#chat(chatters) : this.#noKeys()}
      </div>
      <keyseal-confirm></keyseal-confirm>
    `;
  }

  #notice({ message, next }: { message: string; next: string }): TemplateResult {
    return notice(
      "warn",
      message,
      next,
      html`<button
        class="button small"
        type="button"
        @click=${() => {
          this.problem = undefined;
        }}
      >
        ${WORDS.dismiss}
      </button>`,
    );
  }

  #noKeys(): TemplateResult {
    return html`
      <section class="card empty">
        <h2>${WORDS.noKeysTitle}</h2>
        <p>${WORDS.noKeys}</p>
        <a class="button primary" href="#keys">${WORDS.toKeys}</a>
      </section>
    `;
  }

  #chat(chatters: readonly Chatter[]): TemplateResult {
    const { turns } = this.now;
    const running = this.#running !== undefined;
    return html`
      <section class="card chat">
        <div class="transcript" role="log" aria-live="off" aria-label=${WORDS.transcript}>
          ${
            turns.length
              ? repeat(
                  turns,
                  (_, at) => `${this.now.id}/${at}`,
                  (turn, at) =>
                    turn.role === "user"
                      ? this.#mine(turn, at)
                      : this.#answer(turn, at === turns.length - 1),
                )
              : this.#nothing()
          }
        </div>
        <p class="hidden" role="status">${this.said}</p>
        <form class="compose" @submit=${this.#submit} @keydown=${this.#keys}>
          ${
            this.#follow.atEnd || !turns.length
              ? nothing
              : html`<button class="button small to-end" type="button" @click=${() => this.#follow.toEnd()}>
                  ${WORDS.toEnd}
                </button>`
          }
          ${
            this.editing === undefined
              ? nothing
              : html`<p class="aside">
                  ${WORDS.editing}
                  <button class="link" type="button" @click=${this.#stopEditing}>${WORDS.cancel}</button>
                </p>`
          }
          <label class="hidden" for="message">${WORDS.message}</label>
          <textarea
            id="message"
            class="input"
            rows="1"
            dir="auto"
            enterkeyhint="send"
            placeholder=${WORDS.placeholder}
            .value=${live(this.text)}
            @input=${this.#typed}
          ></textarea>
          <div class="with">
            <keyseal-model-picker
              .choice=${this.#choice(chatters)}
              .groups=${this.#groupsOf(chatters)}
              ?auto=${hasAuto(chatters)}
              ?loading=${this.asking}
              @wanted=${() => this.#wantModels(chatters)}
              @choose=${(event: CustomEvent<Choice>) => this.#choose(event.detail)}
            ></keyseal-model-picker>
            ${this.#keyField(chatters)}
            ${
              running
                ? html`<button class="button" type="button" @click=${this.#stop}>${icons.stop}${WORDS.stop}</button>`
                : html`<button class="button primary" type="submit">${icons.send}${WORDS.send}</button>`
            }
          </div>
          <p class="complaint" role="alert">${this.complaint}</p>
          ${this.locked && turns.length ? html`<p class="aside">${WORDS.notKeptLocked}</p>` : nothing}
        </form>
      </section>
    `;
  }

  #nothing(): TemplateResult {
    return html`<div class="nothing">
      <h2>${WORDS.emptyTitle}</h2>
      <p>${WORDS.empty(hostOf(location.origin))}</p>
      <div class="suggestions">
        ${WORDS.suggestions.map(
          (suggestion) => html`<button
            class="button"
            type="button"
            @click=${() => {
              this.text = suggestion;
              this.field?.form?.requestSubmit();
            }}
          >
            ${suggestion}
          </button>`,
        )}
      </div>
    </div>`;
  }

  #mine(turn: Turn, at: number): TemplateResult {
    return html`<div class="turn mine">
      <span class="hidden">${WORDS.you}:</span>
      <p class="bubble" dir="auto">${turn.content}</p>
      ${
        this.#running
          ? nothing
          : html`<button class="link" type="button" @click=${() => this.#edit(turn, at)}>${WORDS.edit}</button>`
      }
    </div>`;
  }

  #answer(turn: Turn, last: boolean): TemplateResult {
    const coming = last && this.#running !== undefined;
    return html`<keyseal-answer
      class="turn"
      .content=${turn.content}
      .told=${turn.told}
      .failure=${turn.failure}
      ?stopped=${turn.stopped}
      ?live=${coming}
      ?last=${last}
      @again=${this.#again}
    ></keyseal-answer>`;
  }

  /** Which of the provider's keys, where there are several: in order, or exactly one. `auto` leaves it open. */
  #keyField(chatters: readonly Chatter[]): TemplateResult | typeof nothing {
    const choice = this.#choice(chatters);
    if (choice === "auto" || !choice) return nothing;
    const entries = chatters.find(({ info }) => info.id === choice.provider)?.entries ?? [];
    if (entries.length < 2) return nothing;
    const chosen = entries.some(({ id }) => id === this.key) ? this.key : "";
    return html`<select
      class="input key"
      aria-label=${WORDS.key}
      @change=${(event: Event) => {
        this.key = (event.target as HTMLSelectElement).value;
      }}
    >
      <option value="" ?selected=${!chosen}>${WORDS.inOrder}</option>
      ${entries.map(
        ({ id, keyHint, label }) => html`<option value=${id} ?selected=${chosen === id}>
          ${keyHint}${label ? ` · ${label}` : ""}
        </option>`,
      )}
    </select>`;
  }

  /** A new chat with the usual model of a key's provider: its person has asked for it. */
  #startWith(key: string): void {
    const entry = this.vault.entries.find(({ id }) => id === key);
    const info = this.vault.providers.find(({ id }) => id === entry?.provider);
    if (!info?.defaultModel) return;
    if (this.now.turns.length) this.#new();
    this.now = { ...this.now, choice: { provider: info.id, model: info.defaultModel } };
  }

  /** What was chosen, as long as a key reaches it; else the usual model of the oldest key's provider. */
  #choice(chatters: readonly Chatter[]): Choice | null {
    const { choice } = this.now;
    if (choice === "auto" && hasAuto(chatters)) return "auto";
    if (choice && choice !== "auto" && chatters.some(({ info }) => info.id === choice.provider)) {
      return choice;
    }
    const first = firstOf(chatters);
    return first?.defaultModel ? { provider: first.id, model: first.defaultModel } : null;
  }

  /** Before the providers have been asked: their names, and the models that are known anyway. */
  #groupsOf(chatters: readonly Chatter[]): readonly Group[] {
    return (
      this.groups ??
      chatters.map(({ info: { id, name, defaultModel } }) => ({
        provider: id,
        name,
        models: defaultModel ? [defaultModel] : [],
        listed: true,
      }))
    );
  }

  async #wantModels(chatters: readonly Chatter[]): Promise<void> {
    this.asking = true;
    this.groups = await this.#models?.groups(chatters);
    this.asking = false;
  }

  #choose(choice: Choice): void {
    this.key = "";
    this.complaint = "";
    this.now = { ...this.now, choice };
    if (this.now.turns.length) void this.#keep();
    this.field?.focus();
  }

  // What is kept ---------------------------------------------------------------------------------

  async #list(): Promise<void> {
    try {
      this.listing = (await this.#shelf?.list()) ?? NONE;
      this.locked = undefined;
    } catch (thrown) {
      const { code, message, next = "" } = this.failure(thrown);
      this.listing = NONE;
      if (code === "vault_locked") this.locked = { code, message, next };
      else this.problem = { message, next };
    }
  }

  /** Another tab wrote: the list is read again, and so is what is open here, unless this tab is at work on it. */
  async #changedElsewhere(): Promise<void> {
    await this.#list();
    const { id, turns } = this.now;
    if (this.#running || !turns.length || this.locked) return;
    const theirs = await this.#shelf?.read(id).catch(() => undefined);
    if (this.now.id !== id || this.#running) return;
    if (theirs) this.now = theirs;
    else if (!this.listing.listed.some((it) => it.id === id)) this.#new();
  }

  /** Stores a conversation, and lists it as it is now. */
  readonly #keep = async (conversation = this.now, parted?: Parted): Promise<void> => {
    if (await this.#store(conversation, parted)) await this.#list();
  };

  /** Stores a conversation. What cannot be stored stays on the page, and the page says so. */
  readonly #store = async (conversation: Conversation, parted?: Parted): Promise<boolean> => {
    const { id, turns } = conversation;
    if (!turns.length || !this.#shelf || this.#gone.has(id)) return false;
    try {
      const saved = await this.#shelf.save(conversation);
      this.locked = undefined;
      if (saved.id !== id) {
        const { title, named } = saved;
        parted?.(saved);
        if (this.now.id === id) {
          this.now = { ...this.now, id: saved.id, title, named };
          this.problem = { message: WORDS.parted(title), next: "" };
        }
      }
    } catch (thrown) {
      const { code, message, next = "" } = this.failure(thrown);
      if (code === "vault_locked") this.locked = { code, message, next };
      else this.problem = { message, next };
      return false;
    }
    return true;
  };

  async #show(id: string): Promise<void> {
    this.listOpen = false;
    if (id === this.now.id) return;
    this.#running?.abort();
    this.said = "";
    try {
      const kept = await this.#shelf?.read(id);
      if (!kept) return await this.#list();
      this.now = kept;
      this.key = "";
      this.editing = undefined;
      this.complaint = "";
      await this.updateComplete;
      this.#follow.toEnd();
      this.field?.focus({ preventScroll: true });
    } catch (thrown) {
      const { message, next = "" } = this.failure(thrown);
      this.problem = { message, next };
    }
  }

  async #rename({ id, title }: { id: string; title: string }): Promise<void> {
    try {
      const kept = id === this.now.id ? this.now : await this.#shelf?.read(id);
      if (!kept) return await this.#list();
      const renamed = { ...kept, title, named: true };
      if (id === this.now.id) this.now = renamed;
      await this.#shelf?.save(renamed);
    } catch (thrown) {
      const { message, next = "" } = this.failure(thrown);
      this.problem = { message, next };
    }
    await this.#list();
  }

  async #remove({ id, title }: Listed): Promise<void> {
    const yes = await this.confirm.ask({
      title: WORDS.removeTitle,
      body: html`<p dir="auto">${WORDS.removeBody(title)}</p>`,
      confirm: WORDS.removeNow,
      cancel: WORDS.keep,
    });
    if (!yes) return;
    this.#gone.add(id);
    if (id === this.now.id) this.#new();
    await this.#forget([id]);
  }

  async #forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#shelf?.remove(id);
    await this.#list();
  }

  readonly #new = () => {
    this.#running?.abort();
    this.said = "";
    this.now = newConversation(this.now.choice);
    this.editing = undefined;
    this.complaint = "";
    this.listOpen = false;
    this.field?.focus();
  };

  // What is said ---------------------------------------------------------------------------------

  readonly #typed = (event: InputEvent) => {
    const field = event.target as HTMLTextAreaElement;
    this.text = field.value;
    this.#grow(field);
  };

  #grow(field: HTMLTextAreaElement): void {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
  }

  readonly #keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      if (this.#running) this.#stop();
      else if (this.editing !== undefined) this.#stopEditing();
      return;
    }
    if (event.target !== this.field) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!this.#running) this.field?.form?.requestSubmit();
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const content = this.text.trim();
    if (!content || this.#running) return;
    if (!this.#choice(chattersOf(this.vault))) {
      this.complaint = WORDS.modelMissing;
      this.renderRoot.querySelector<HTMLElement>("keyseal-model-picker")?.focus();
      return;
    }
    const before = this.now.turns.slice(0, this.editing ?? this.now.turns.length);
    this.text = "";
    this.editing = undefined;
    this.complaint = "";
    const asking = this.#ask([...before, { role: "user", content }]);
    await this.updateComplete;
    if (this.field) this.#grow(this.field);
    // A suggestion that was clicked is gone; on a phone the field would bring up its keyboard.
    if (matchMedia("(pointer: fine)").matches) this.field?.focus({ preventScroll: true });
    this.#follow.toEnd();
    await asking;
  };

  #edit({ content }: Turn, at: number): void {
    this.editing = at;
    this.text = content;
    void this.updateComplete.then(() => {
      if (this.field) this.#grow(this.field);
      this.field?.focus();
    });
  }

  readonly #stopEditing = () => {
    this.editing = undefined;
    this.text = "";
    this.field?.focus();
  };

  /** The last answer goes, and is asked for anew: of whichever model is chosen now. */
  readonly #again = () => {
    if (this.#running) return;
    const asked = this.now.turns.slice(0, -1);
    this.editing = undefined;
    void this.#ask(asked);
  };

  async #ask(asked: readonly Turn[]): Promise<void> {
    const chatters = chattersOf(this.vault);
    const choice = this.#choice(chatters);
    if (!choice) return;
    const running = new AbortController();
    this.#running = running;
    this.said = WORDS.isAnswering;
    // What this conversation is asked of stays, whichever keys are added meanwhile.
    this.now = { ...this.now, choice };
    let answer: Turn = { role: "assistant", content: "" };
    let mine = this.now;
    const isShown = () => this.now.id === mine.id;
    const draw = (keep: (kept: Conversation, parted: Parted) => Promise<unknown> = this.#keep) => {
      // Who has left for another conversation finds this one in the list.
      mine = { ...(isShown() ? this.now : mine), turns: [...asked, answer] };
      if (isShown()) this.now = mine;
      return keep(mine, ({ id, title, named }) => {
        mine = { ...mine, id, title, named };
      });
    };
    void draw();
    let keptAt = Date.now();
    try {
      await chat(this.vault, this.#request(choice, asked, running.signal), {
        text: (piece) => {
          answer = { ...answer, content: answer.content + piece };
          this.#drawSoon(() => answer);
          if (Date.now() - keptAt < KEPT_EVERY_MS) return;
          keptAt = Date.now();
          void draw(this.#store);
        },
        told: (told) => {
          answer = { ...answer, told };
        },
      });
    } catch (thrown) {
      answer = running.signal.aborted
        ? { ...answer, stopped: true }
        : { ...answer, failure: explained(this.failure(thrown), this.#nameOf(choice)) };
    }
    cancelAnimationFrame(this.#drawing);

    if (this.#running === running) this.#running = undefined;
    const keptWhole = draw();
    this.requestUpdate();
    if (isShown()) this.#sayEnd(answer);
    await keptWhole;
    await this.updateComplete;
    if (!this.hidden) this.#follow.grown();
  }

  #request(choice: Choice, asked: readonly Turn[], signal: AbortSignal) {
    const messages = messagesOf(asked);
    if (choice === "auto") {
      const url = new URL("/v1/chat/completions", location.origin).href;
      return { url, model: "auto", messages, signal };
    }
    const { provider, model } = choice;
    const path = this.vault.providers.find(({ id }) => id === provider)?.chatPath ?? "";
    const entry = this.vault.entries.some(({ id }) => id === this.key) ? { entry: this.key } : {};
    const url = new URL(`/forward/${provider}${path}`, location.origin).href;
    return { url, provider, model, messages, signal, ...entry };
  }

  #nameOf(choice: Choice): string {
    return choice === "auto" ? WORDS.companion : this.providerName(choice.provider);
  }

  /** Once a frame, and only the answer that is coming: a long conversation stays as quick as a short one. */
  #drawSoon(answer: () => Turn): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(async () => {
      const { coming } = this;
      if (!coming) return;
      coming.content = answer().content;
      await coming.updateComplete;
      if (!this.hidden) this.#follow.grown();
    });
  }

  /** Read out once, when it has ended: piece by piece it could not be followed. */
  #sayEnd({ content, failure }: Turn): void {
    const text = [...content].slice(0, READ_OUT).join("");
    this.said = failure?.message ?? (text ? WORDS.answered(text) : WORDS.ended);
  }

  readonly #stop = () => {
    this.#running?.abort();
    this.field?.focus();
  };

  static override styles = [controls, notices, layout];
}

customElements.define("keyseal-playground", PlaygroundView);
