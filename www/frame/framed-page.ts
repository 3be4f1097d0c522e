import { KeysealError, type Vault } from "keyseal";
import "keyseal/elements/store";
import type { KeysealStore } from "keyseal/elements/store";
import { controls, icons, problem } from "keyseal/elements/ui";
import { type Frame, type FrameView, vaultBeside } from "keyseal/frame";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { strings } from "../src/strings.js";
import { isTooSmall, refuseCovered } from "./covered.js";
import { type Opener, openOwnWindow } from "./own-window.js";

const WORDS = strings.frame;
const COVERED_SHOWN_MS = 6_000;

/** The frame's content: whose keys these are, where they go, and the Secure Store below that. */
export class FramedPage extends LitElement {
  @state() private error: KeysealError | undefined;
  @state() private small = false;
  @state() private noWindow = false;
  @state() private view: string = "keys";
  @query(".covered") private covered!: HTMLElement;
  @query("keyseal-store") private store!: KeysealStore | null;

  #frame: Frame | undefined;
  #opener: Opener | undefined;
  /** The vault as this window uses it, and which of the frame's it is. */
  #beside: { of: Vault; vault: Vault } | undefined;
  #hides: ReturnType<typeof setTimeout> | undefined;

  /** Shows the frame inside a page. */
  show(frame: Frame): void {
    this.#watch(frame);
    frame.addEventListener("view", () => this.#viewAsked(frame.view));
    new ResizeObserver(([entry]) => {
      if (entry) frame.tellHeight(entry.borderBoxSize[0]?.blockSize ?? 0);
    }).observe(this);
  }

  /** Shows, in a window of its own, the keys of the frame that opened it. */
  showBeside(opener: Opener): void {
    this.#opener = opener;
    document.documentElement.dataset.ownWindow = "";
    this.toggleAttribute("own-window", true);
    this.#watch(opener.frame);
    // The frame, and the vault with it, goes when its page does.
    setInterval(() => {
      if (opener.gone()) window.close();
    }, 1000);
  }

  fail(thrown: unknown): void {
    this.error = KeysealError.from(thrown);
  }

  #watch(frame: Frame): void {
    this.#frame = frame;
    frame.addEventListener("change", () => this.requestUpdate());
    const measure = () => {
      this.small = !this.#opener && isTooSmall();
    };
    addEventListener("resize", measure);
    measure();
    refuseCovered({
      refused: () => this.#sayCovered(),
      nothing: () => this.covered.hidePopover(),
    });
    this.requestUpdate();
  }

  async #viewAsked(asked: FrameView): Promise<void> {
    const add = asked === "add";
    const view = add ? "keys" : asked;
    await this.updateComplete;
    // A person may have gone on in the tabs since: a property that is the same again changes nothing.
    if (this.store) this.store.view = view;
    this.view = view;
    await this.store?.updateComplete;
    if (add) await this.store?.addKey();
  }

  get #vault(): Vault | undefined {
    const vault = this.#frame?.vault;
    if (!vault || !this.#opener) return vault;
    if (this.#beside?.of !== vault) {
      const beside = vaultBeside(this.#opener.frame, this.#opener.realm);
      this.#beside = beside && { of: vault, vault: beside };
    }
    return this.#beside?.vault;
  }

  /** Over everything, dialogs too: what was clicked has not happened. */
  #sayCovered(): void {
    this.covered.showPopover();
    clearTimeout(this.#hides);
    this.#hides = setTimeout(() => this.covered.hidePopover(), COVERED_SHOWN_MS);
  }

  protected override render(): TemplateResult {
    return html`
      ${this.#bar()}
      <main>${this.small ? this.#tooSmall() : this.#main()}</main>
      <p class="covered" popover="manual" role="alert">${icons.warn}<span>${WORDS.covered}</span></p>
    `;
  }

  /** Whose keys, at which companion, in whose page: before anything is pasted. */
  #bar(): TemplateResult | typeof nothing {
    const { account, parent } = this.#frame ?? {};
    const vault = this.#vault;
    if (!vault) return nothing;
    return html`
      <header>
        <dl>
          <div><dt>${WORDS.account}</dt><dd class="who">${account}</dd></div>
          <div><dt>${WORDS.companion}</dt><dd>${hostOf(vault.companion?.url)}</dd></div>
          <div><dt>${WORDS.shownIn}</dt><dd>${hostOf(parent)}</dd></div>
        </dl>
        ${this.#opener ? nothing : this.#ownWindow()}
      </header>
      ${this.noWindow ? html`<p class="hint" role="alert">${WORDS.noWindow}</p>` : nothing}
    `;
  }

  #ownWindow(): TemplateResult {
    return html`
      <button class="button small" type="button" title=${WORDS.ownWindowWhy} @click=${this.#opensWindow}>
        ${WORDS.ownWindow}
      </button>
    `;
  }

  readonly #opensWindow = () => {
    if (this.#frame) this.noWindow = !openOwnWindow(this.#frame);
  };

  #tooSmall(): TemplateResult {
    return html`<section class="card sheet">
      <h1>${WORDS.smallTitle}</h1>
      <p>${WORDS.small}</p>
      ${this.#vault ? html`<div>${this.#ownWindow()}</div>` : nothing}
    </section>`;
  }

  #main(): TemplateResult {
    const frame = this.#frame;
    const error = this.error ?? frame?.error;
    if (error) {
      return html`
        <section class="card sheet">
          <h1>${WORDS.failedTitle}</h1>
          ${problem(error)}
          ${
            frame?.parent
              ? html`<div><button class="button" type="button" @click=${() => frame.retry()}>
                  ${strings.startFailed.retry}
                </button></div>`
              : nothing
          }
        </section>
      `;
    }
    if (frame?.state === "account") return this.#otherAccount(frame);
    const vault = this.#vault;
    if (!vault) {
      return html`<p class="opening" role="status"><span class="spinner"></span>${strings.loading}</p>`;
    }
    return html`
      <keyseal-store
        .vault=${vault}
        .account=${frame?.account}
        .view=${this.#opener ? "keys" : this.view}
        ?no-tabs=${this.#opener !== undefined}
      ></keyseal-store>
    `;
  }

  /** Only a click inside goes on: the page cannot make one. */
  #otherAccount(frame: Frame): TemplateResult {
    return html`
      <section class="card sheet" data-guarded>
        <h1>${WORDS.otherTitle}</h1>
        <p>${WORDS.other(hostOf(frame.parent))}</p>
        <p class="asked mono">${frame.asked}</p>
        <p>${WORDS.otherNext}</p>
        <div class="buttons">
          <button
            class="button primary"
            type="button"
            @click=${() => frame.agree()}
          >
            ${WORDS.agree}
          </button>
          <button class="button" type="button" @click=${() => frame.retry()}>${WORDS.askAgain}</button>
        </div>
      </section>
    `;
  }

  static override styles = [
    controls,
    css`
      :host {
        padding: var(--ks-1);
      }

      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--ks-2) var(--ks-4);
        margin-bottom: var(--ks-5);
        padding: var(--ks-2) var(--ks-3);
        border: 1px solid var(--ks-border);
        border-radius: var(--ks-radius);
        background: var(--ks-surface);
      }

      dl {
        flex: 1;
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-1) var(--ks-5);
      }

      dl div {
        display: flex;
        gap: var(--ks-2);
        min-width: 0;
      }

      dt {
        color: var(--ks-ink-3);
      }

      dd {
        overflow-wrap: anywhere;
      }

      .who,
      .asked {
        font-weight: 600;
      }

      .asked {
        padding: var(--ks-3);
        border-radius: var(--ks-radius);
        background: var(--ks-sunken);
        overflow-wrap: anywhere;
      }

      .hint {
        margin-bottom: var(--ks-4);
        color: var(--ks-warn);
      }

      .opening {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: var(--ks-3);
        min-height: 12rem;
        color: var(--ks-ink-3);
      }

      .sheet {
        display: grid;
        gap: var(--ks-4);
        width: min(34rem, 100%);
        margin: var(--ks-4) auto;
        padding: var(--ks-6);
      }

      .sheet p {
        color: var(--ks-ink-2);
      }

      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--ks-2);
      }

      .covered {
        inset: var(--ks-4) var(--ks-4) auto;
        max-width: 34rem;
        margin: 0 auto;
        padding: var(--ks-3) var(--ks-4);
        border: 1px solid var(--ks-warn);
        border-radius: var(--ks-radius);
        background: var(--ks-warn-soft);
        color: var(--ks-warn);
      }

      .covered:popover-open {
        display: flex;
        gap: var(--ks-3);
      }

      :host([own-window]) {
        padding: var(--ks-5);
      }
    `,
  ];
}

function hostOf(address: string | undefined): string {
  return address === undefined ? "" : new URL(address).host;
}
