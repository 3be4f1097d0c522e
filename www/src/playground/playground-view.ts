import type { Entry, KeysealError, ProviderInfo } from "keyseal";
import { controls, hostOf, icons, problem, VaultElement } from "keyseal/elements/ui";
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { strings } from "../strings.js";
import { chat, type Message, type Told } from "./chat.js";

interface Turn extends Message {
  told?: Told;
  error?: KeysealError;
  stopped?: boolean;
  live?: boolean;
}

const WORDS = strings.playground;
const NEAR_END_PX = 120;

/** A chat through the companion: the quickest way to see a key at work. */
export class PlaygroundView extends VaultElement {
  /** A provider's id for "in order", or an entry's id. */
  @state() private key = "";
  @state() private model = "";
  @state() private models: readonly string[] = [];
  @state() private turns: readonly Turn[] = [];
  @state() private text = "";
  @state() private complaint = "";
  @query("textarea") private field!: HTMLTextAreaElement | null;

  #running: AbortController | undefined;
  #modelsOf = "";

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#running?.abort();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    const chatters = this.#chatters();
    const known = chatters.some(
      ({ info, entries }) => info.id === this.key || entries.some(({ id }) => id === this.key),
    );
    if (!known) this.key = chatters[0]?.info.id ?? "";
    const provider = this.#provider()?.id ?? "";
    if (provider !== this.#modelsOf) {
      this.#modelsOf = provider;
      void this.#listModels();
    }
  }

  protected override render(): TemplateResult {
    const chatters = this.#chatters();
    return html`
      <div class="head">
        <div>
          <h1>${WORDS.title}</h1>
          <p class="lead">${WORDS.lead}</p>
        </div>
        ${
          this.turns.length
            ? html`<button class="button" type="button" @click=${this.#clear}>${WORDS.clear}</button>`
            : nothing
        }
      </div>
      ${chatters.length ? this.#chat(chatters) : this.#noKeys()}
    `;
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

  #chat(chatters: Chatter[]): TemplateResult {
    const running = this.#running !== undefined;
    return html`
      <section class="card chat">
        <div class="choose">
          <div class="field">
            <label class="name" for="with">${WORDS.key}</label>
            <select id="with" class="input" @change=${this.#keyChosen}>
              ${chatters.map(
                ({ info, entries }) => html`
                  <optgroup label=${info.name}>
                    <option value=${info.id} ?selected=${this.key === info.id}>
                      ${WORDS.inOrder(info.name)}
                    </option>
                    ${entries.map(
                      (entry) => html`
                        <option value=${entry.id} ?selected=${this.key === entry.id}>
                          ${entry.keyHint}${entry.label ? ` · ${entry.label}` : ""}
                        </option>
                      `,
                    )}
                  </optgroup>
                `,
              )}
            </select>
          </div>
          <div class="field">
            <label class="name" for="model">${WORDS.model}</label>
            <input
              id="model"
              class="input"
              list="models"
              autocomplete="off"
              spellcheck="false"
              placeholder=${WORDS.modelPlaceholder}
              .value=${live(this.model)}
              @input=${(event: InputEvent) => {
                this.model = (event.target as HTMLInputElement).value;
              }}
            />
            <datalist id="models">
              ${this.models.map((model) => html`<option value=${model}></option>`)}
            </datalist>
          </div>
        </div>
        <div class="transcript" role="log" aria-label=${WORDS.transcript} aria-busy=${running}>
          ${
            this.turns.length
              ? this.turns.map((turn) =>
                  turn.role === "user" ? this.#said(turn) : this.#answer(turn),
                )
              : html`<div class="nothing">
                <h2>${WORDS.emptyTitle}</h2>
                <p>${WORDS.empty(hostOf(location.origin))}</p>
              </div>`
          }
        </div>
        <form class="compose" @submit=${this.#submit}>
          <label class="hidden" for="message">${WORDS.message}</label>
          <textarea
            id="message"
            class="input"
            rows="1"
            placeholder=${WORDS.placeholder}
            .value=${live(this.text)}
            @input=${this.#typed}
            @keydown=${this.#sendByKey}
          ></textarea>
          ${
            running
              ? html`<button class="button" type="button" @click=${this.#stop}>${icons.stop}${WORDS.stop}</button>`
              : html`<button class="button primary" type="submit">${icons.send}${WORDS.send}</button>`
          }
          <p class="complaint" role="alert">${this.complaint}</p>
        </form>
      </section>
    `;
  }

  #said(turn: Turn): TemplateResult {
    return html`<div class="turn mine">
      <span class="hidden">${WORDS.you}:</span>
      <p class="bubble" dir="auto">${turn.content}</p>
    </div>`;
  }

  #answer(turn: Turn): TemplateResult {
    return html`
      <article class="turn" aria-label=${WORDS.answer}>
        ${
          turn.content || turn.live
            ? html`<p class="text" dir="auto">${turn.content}${turn.live ? html`<i class="caret"></i>` : nothing}</p>`
            : nothing
        }
        ${problem(turn.error)}
        ${turn.live ? nothing : this.#told(turn)}
      </article>
    `;
  }

  /** The quiet lines: model · key · way · tokens; and how it ended, if not well. */
  #told(turn: Turn): TemplateResult {
    const { told } = turn;
    return html`
      ${told?.servedBy ? html`<p class="told">${facts(told, told.servedBy)}</p>` : nothing}
      <p class="told">${ending(turn)}</p>
    `;
  }

  #chatters(): Chatter[] {
    return this.vault.providers
      .filter((info) => info.chatPath)
      .map((info) => ({
        info,
        entries: this.vault.entries.filter(
          ({ provider, isActive, needsReentry }) =>
            provider === info.id && isActive && !needsReentry,
        ),
      }))
      .filter(({ entries }) => entries.length);
  }

  #provider(): ProviderInfo | undefined {
    return this.#chatters().find(
      ({ info, entries }) => info.id === this.key || entries.some(({ id }) => id === this.key),
    )?.info;
  }

  /** Suggestions only: where a provider does not list its models, the person names one. */
  async #listModels(): Promise<void> {
    const info = this.#provider();
    this.models = info?.defaultModel ? [info.defaultModel] : [];
    this.model = info?.defaultModel ?? "";
    if (!info) return;
    try {
      const response = await this.vault.fetch(`${this.vault.baseURL(info.id)}/models`);
      if (!response.ok) return;
      const { data } = (await response.json()) as { data?: { id?: unknown }[] };
      const ids = (data ?? []).map(({ id }) => id).filter((id) => typeof id === "string");
      if (this.#modelsOf === info.id && ids.length) {
        this.models = ids;
        this.model ||= ids[0] ?? "";
      }
    } catch {
      // Not listed: the field takes any name.
    }
  }

  readonly #keyChosen = (event: Event) => {
    this.key = (event.target as HTMLSelectElement).value;
  };

  readonly #typed = (event: InputEvent) => {
    const field = event.target as HTMLTextAreaElement;
    this.text = field.value;
    this.#grow(field);
  };

  #grow(field: HTMLTextAreaElement): void {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
  }

  readonly #sendByKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!this.#running) this.field?.form?.requestSubmit();
  };

  readonly #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const info = this.#provider();
    const content = this.text.trim();
    if (!content || !info || this.#running) return;
    if (!this.model.trim()) {
      this.complaint = WORDS.modelMissing;
      this.renderRoot.querySelector<HTMLElement>("#model")?.focus();
      return;
    }
    this.complaint = "";
    this.text = "";
    const asked: Turn[] = [...this.turns, { role: "user", content }];
    this.turns = asked;
    await this.#ask(info, asked);
    await this.updateComplete;
    if (this.field) this.#grow(this.field);
  };

  async #ask(info: ProviderInfo, asked: readonly Turn[]): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    let answer: Turn = { role: "assistant", content: "", live: true };
    const show = (change: Partial<Turn>) => {
      answer = { ...answer, ...change };
      const stay = this.#nearEnd();
      this.turns = [...asked, answer];
      if (stay && !this.hidden)
        void this.updateComplete.then(() => window.scrollTo(0, document.body.scrollHeight));
    };
    show({});
    try {
      await chat(
        this.vault,
        {
          url: new URL(`/forward/${info.id}${info.chatPath}`, location.origin).href,
          model: this.model.trim(),
          messages: asked
            .filter(({ content }) => content)
            .map(({ role, content }) => ({ role, content })),
          ...(this.key === info.id ? {} : { entry: this.key }),
          signal: running.signal,
        },
        {
          text: (piece) => show({ content: answer.content + piece }),
          told: (told) => show({ told }),
        },
      );
      show({ live: false });
    } catch (thrown) {
      if (running.signal.aborted) show({ live: false, stopped: true });
      else show({ live: false, error: this.failure(thrown) });
    } finally {
      this.#running = undefined;
      this.requestUpdate();
    }
  }

  #nearEnd(): boolean {
    return window.innerHeight + window.scrollY >= document.body.scrollHeight - NEAR_END_PX;
  }

  readonly #stop = () => {
    this.#running?.abort();
    this.field?.focus();
  };

  readonly #clear = () => {
    this.#running?.abort();
    this.turns = [];
    this.field?.focus();
  };

  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        flex-direction: column;
        flex: 1;
      }

      .head {
        display: flex;
        align-items: flex-start;
        justify-content: space-between;
        gap: var(--ks-4);
        margin-bottom: var(--ks-6);
      }

      .lead {
        margin-top: var(--ks-1);
        color: var(--ks-ink-2);
      }

      .chat {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 26rem;
      }

      .choose {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--ks-4);
        padding: var(--ks-4) var(--ks-5);
        border-bottom: 1px solid var(--ks-border);
      }

      .transcript {
        display: flex;
        flex: 1;
        flex-direction: column;
        gap: var(--ks-5);
        padding: var(--ks-6) var(--ks-5);
      }

      .nothing,
      .empty {
        display: grid;
        justify-items: center;
        align-content: center;
        gap: var(--ks-2);
        flex: 1;
        text-align: center;
        color: var(--ks-ink-2);
      }

      .nothing p,
      .empty p {
        max-width: 27rem;
      }

      .nothing h2 {
        color: var(--ks-ink);
      }

      .empty {
        flex: none;
        gap: var(--ks-3);
        padding: var(--ks-12) var(--ks-6);
      }

      .turn {
        max-width: 44rem;
      }

      .mine {
        align-self: flex-end;
        max-width: min(36rem, 85%);
      }

      .bubble {
        padding: var(--ks-2) var(--ks-4);
        border-radius: var(--ks-radius-large);
        background: var(--ks-accent-soft);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        font-size: var(--ks-text-large);
      }

      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        font-size: var(--ks-text-large);
        line-height: 1.55;
      }

      .told:empty {
        display: none;
      }

      .told {
        margin-top: var(--ks-2);
        color: var(--ks-ink-3);
      }

      .caret {
        display: inline-block;
        width: 2px;
        height: 1.05em;
        margin-left: 2px;
        vertical-align: -0.15em;
        background: var(--ks-accent-ink);
        animation: blink 1s steps(2) infinite;
      }

      @keyframes blink {
        50% {
          opacity: 0;
        }
      }

      .compose {
        position: sticky;
        bottom: 0;
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: end;
        gap: 0 var(--ks-2);
        padding: var(--ks-3) var(--ks-5) var(--ks-4);
        border-top: 1px solid var(--ks-border);
        border-radius: 0 0 var(--ks-radius-large) var(--ks-radius-large);
        background: var(--ks-surface);
      }

      .compose textarea {
        resize: none;
        font-size: var(--ks-text-large);
      }

      .compose .button {
        min-height: 2.5rem;
      }

      .complaint {
        grid-column: 1 / -1;
        color: var(--ks-bad);
      }

      @media (max-width: 40rem) {
        .choose {
          gap: var(--ks-3);
          padding: var(--ks-3) var(--ks-4);
        }

        .transcript,
        .compose {
          padding-inline: var(--ks-4);
        }
      }
    `,
  ];
}

function facts({ model, tokens }: Told, servedBy: Entry | "platform"): TemplateResult {
  const key =
    servedBy === "platform"
      ? WORDS.platform
      : html`<span class="mono">${servedBy.keyHint}</span> ${servedBy.label}`;
  return html`${model} · ${key} · ${WORDS.forward}${tokens === null ? "" : ` · ${WORDS.tokens(tokens)}`}`;
}

function ending({ content, told, error, stopped }: Turn): string {
  if (stopped) return WORDS.stopped;
  if (error || !told) return "";
  if (!told.complete) return WORDS.cutShort;
  return content ? "" : WORDS.noText;
}

interface Chatter {
  info: ProviderInfo;
  entries: Entry[];
}

customElements.define("keyseal-playground", PlaygroundView);
