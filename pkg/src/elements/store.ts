import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { KeysealError } from "../errors.js";
import type { FramedVault } from "../frame/index.js";
import type { TokenSource } from "../vault/companion.js";
import type { Relay } from "../vault/relay-door.js";
import { Vault } from "../vault/vault.js";
import { isAway } from "./away.js";
import { define } from "./define.js";
import { emit } from "./events.js";
import "./isolated.js";
import type { Isolated } from "./isolated.js";
import "./keys/keys-view.js";
import type { KeysView } from "./keys/keys-view.js";
import "./lock/unlock.js";
import { noticesOf } from "./notices.js";
import "./skeleton.js";
import * as strings from "./strings.js";
import { controls } from "./ui/controls.js";
import { icons } from "./ui/icons.js";
import { Later } from "./ui/later.js";
import { notices } from "./ui/notice.js";
import { problem } from "./ui/vault-element.js";

const WORDS = strings.store;

/** The views of the store. */
export type StoreView = "keys" | "usage" | "security" | "activity";

const VIEWS: Readonly<
  Record<StoreView, (vault: Vault, account: string | undefined) => TemplateResult>
> = {
  keys: (vault, account) =>
    html`<keyseal-keys .vault=${vault} .account=${account} exportparts="dialog, field, list">
      <slot name="added" slot="added"></slot>
    </keyseal-keys>`,
  usage: (vault) => html`<keyseal-usage .vault=${vault}></keyseal-usage>`,
  security: (vault) => html`<keyseal-security .vault=${vault}></keyseal-security>`,
  activity: (vault) => html`<keyseal-activity .vault=${vault}></keyseal-activity>`,
};

/** Views that the list of keys can do without. */
const LATER = {
  "keyseal-usage": () => import("./usage/usage-view.js"),
  "keyseal-security": () => import("./security/security-view.js"),
  "keyseal-activity": () => import("./activity/activity-view.js"),
} as const;

const TABS = Object.keys(VIEWS) as StoreView[];
const isLater = (tag: string): tag is keyof typeof LATER => Object.hasOwn(LATER, tag);
const LOOK_AGAIN_MS = 4_000;
const STALE_MS = 30_000;

const NETWORK = ["online", "offline"] as const;

type Stage = "waiting" | "opening" | "open" | "signedOut" | { failed: KeysealError };

/**
 * The Secure Store: a person's keys, what they are used for, and who can open them. Give it a `vault`, or a
 * `companion` and a `token`, and it opens one itself. What stands between its tags is shown in the place of a view
 * where `view` names none of its own; what has `slot="added"`, when a key was added that its provider takes.
 *
 * Everything is in shadow roots. Light or dark is what `color-scheme` says where it stands. Its looks are set by custom
 * properties, on it or anywhere above:
 *
 * - type: `--keyseal-font`, `-mono`, `-text`, `-text-large`, `-heading`, `-title`, `-line`
 * - corners, depth, movement: `--keyseal-radius`, `-radius-small`, `-radius-large`, `-shadow`, `-shadow-high`, `-motion`
 * - grounds and edges: `--keyseal-back`, `-surface`, `-sunken`, `-hover`, `-border`, `-border-strong`, `-veil`
 * - text: `--keyseal-ink`, `-ink-2`, `-ink-3`
 * - the accent: `--keyseal-accent`, `-accent-hover`, `-accent-ink`, `-accent-soft`, `-on-accent`
 * - meanings, each with `-soft`: `--keyseal-ok`, `-warn`, `-bad`, `-quiet`; and `-bad-fill`
 * - charts: `--keyseal-chart-1` to `-chart-6`
 *
 * Parts: `tabs`, `tab`, `list`, `dialog`, `field`. Events: those of {@link KeysealEventDetails}.
 *
 * @example
 * document.querySelector("keyseal-store").vault = await Vault.open({ companion, token });
 */
export class KeysealStore extends LitElement {
  /** The vault that is shown. One that the element opens itself stands here too. */
  @property({ attribute: false }) vault: Vault | undefined;
  /** The companion's address, for a store that opens its vault itself. */
  @property() companion: string | undefined;
  /**
   * The address of an isolated frame: the store is then that of another origin, which this page's scripts cannot look
   * into. Takes the place of `vault` and `companion`; `framed` is what the page holds of it.
   */
  @property() src: string | undefined;
  /** Whose keys these are, in words; said before a key is sealed. */
  @property() account: string | undefined;
  /** The caller's token, or what gives it. As an attribute only for tokens that live as long as the page. */
  @property() token: TokenSource | string | undefined;
  /**
   * For a store that opens its vault itself: use the blind relay for browser-only keys. True, or the attribute alone,
   * is a relay as it comes; or what `relay()` of `keyseal/relay` gave. Its wasm is loaded when such a key is used.
   */
  @property({ type: Boolean }) relay: boolean | Relay = false;
  /** Which view is shown: `keys`, `usage`, `security`, `activity`. */
  @property({ reflect: true }) view: string = "keys";
  /** Leaves the tabs away, for pages with a navigation of their own that set `view`. */
  @property({ type: Boolean, attribute: "no-tabs" }) noTabs = false;

  @query("keyseal-isolated") private isolated!: Isolated | null;
  @state() private stage: Stage = "waiting";
  @state() private looking = false;

  readonly #later = new Later(this, LATER);
  /** What this element has opened, and has to close. */
  #own: Vault | undefined;
  #watched: Vault | undefined;
  #refreshedAt = 0;
  #lookAgain: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#shown);
    for (const change of NETWORK) window.addEventListener(change, this.#asked);
    this.#watch(this.vault);
    // Put back after it was taken out; the first time it is opened as its properties are seen.
    if (this.hasUpdated && this.#openable) void this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#shown);
    for (const change of NETWORK) window.removeEventListener(change, this.#asked);
    this.#watch(undefined);
    clearTimeout(this.#lookAgain);
    this.#close();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("vault")) {
      if (this.vault !== this.#own) this.#close();
      this.#watch(this.vault);
      if (this.vault) this.stage = "open";
    }
    // An address that does not answer any more is no reason to show nothing of another view.
    if (changed.has("view")) this.#later.forget();
    const renewed = changed.has("token") && !this.#asksAnyway(changed.get("token"));
    if ((changed.has("companion") || renewed) && this.#openable) void this.#open();
  }

  /**
   * Whether another token needs no other vault: a function is asked before each request, and apps that draw anew, as
   * with React, give another one each time.
   */
  #asksAnyway(before: TokenSource | string | undefined): boolean {
    const isOpen = this.stage === "opening" || this.stage === "open";
    return isOpen && typeof before === "function" && typeof this.token === "function";
  }

  /** Whether there is what a vault is opened with, and none was given. */
  get #openable(): boolean {
    const { companion, token, vault, src } = this;
    return Boolean(
      !src && this.isConnected && companion && token && (!vault || vault === this.#own),
    );
  }

  readonly #open = async (): Promise<void> => {
    const { companion, token, relay } = this;
    if (!companion || !token) return;
    this.stage = "opening";
    // A token that is renewed is read anew before every request.
    const current = () => {
      const now = this.token ?? token;
      return typeof now === "string" ? now : now();
    };
    try {
      const brought = relay === true ? (await import("../relay/index.js")).relay() : relay;
      const options = { companion, token: current, ...(brought ? { relay: brought } : {}) };
      const vault = await Vault.open(options);
      // Meanwhile the element may have gone, or have been told of another companion.
      if (!this.isConnected || this.companion !== companion) return vault.close();
      this.#close();
      this.#own = vault;
      this.vault = vault;
      emit(this, "keyseal-opened", { vault });
    } catch (thrown) {
      const failed = KeysealError.from(thrown);
      emit(this, "keyseal-failed", { error: failed });
      // Said in full, too: whoever puts this element into an app meets it first.
      this.stage = { failed };
      if (failed.code === "unauthorized") emit(this, "keyseal-signed-out", null);
    }
  };

  #close(): void {
    if (!this.#own) return;
    this.#own.close();
    if (this.vault === this.#own) this.vault = undefined;
    this.#own = undefined;
    this.stage = "waiting";
  }

  #signedOut(): void {
    if (this.#own) this.stage = "signedOut";
    emit(this, "keyseal-signed-out", null);
  }

  #watch(vault: Vault | undefined): void {
    if (this.#watched === vault) return;
    this.#watched?.removeEventListener("change", this.#changed);
    this.#watched = vault;
    vault?.addEventListener("change", this.#changed);
    this.#refreshedAt = Date.now();
    this.#changed();
  }

  readonly #changed = (): void => {
    this.requestUpdate();
    clearTimeout(this.#lookAgain);
    if (this.away) this.#lookAgain = setTimeout(() => this.refresh(), LOOK_AGAIN_MS);
  };

  /** A companion on this machine answers without a network, too. */
  readonly #asked = () => void this.refresh();

  readonly #shown = () => {
    if (document.visibilityState === "visible" && Date.now() - this.#refreshedAt > STALE_MS) {
      void this.refresh();
    }
  };

  /** With `src`: the vault in the frame, as this page holds it. It tells its changes by `keyseal-framed`. */
  get framed(): FramedVault | undefined {
    return this.isolated?.framed;
  }

  /** Opens the dialog that adds a key. */
  async addKey(): Promise<void> {
    this.framed?.open("add");
    this.view = "keys";
    await this.updateComplete;
    await this.renderRoot.querySelector<KeysView>("keyseal-keys")?.addKey();
  }

  readonly #current = () => {
    const { token = "" } = this;
    return typeof token === "string" ? token : token();
  };

  /** Whether the companion could not be reached when it was last asked. */
  get away(): boolean {
    return isAway(this.vault);
  }

  /** Asks the companion again for what it holds. */
  async refresh(): Promise<void> {
    if (!this.vault || this.looking) return;
    this.looking = true;
    this.#refreshedAt = Date.now();
    try {
      await this.vault.refresh();
    } catch (thrown) {
      if (KeysealError.from(thrown).code === "unauthorized") this.#signedOut();
    } finally {
      this.looking = false;
    }
  }

  protected override render(): TemplateResult {
    const { vault, stage } = this;
    if (this.src) {
      return html`<keyseal-isolated
        src=${this.src}
        .token=${this.#current}
        .view=${this.view}
      ></keyseal-isolated>`;
    }
    if (stage === "signedOut") {
      return html`<section class="card sheet" role="status">
        <h1>${WORDS.signedOut}</h1>
        <p>${WORDS.signedOutText}</p>
      </section>`;
    }
    if (typeof stage === "object") return this.#failed(stage.failed);
    if (!vault) return html`<keyseal-skeleton view=${this.view}></keyseal-skeleton>`;
    const view = Object.hasOwn(VIEWS, this.view) ? (this.view as StoreView) : undefined;
    const drawn = view ? this.#draw(view, vault) : nothing;
    return html`
      ${this.noTabs ? nothing : this.#tabs(vault)}
      <div class="notices" role="status">
        ${noticesOf(vault, { looking: this.looking, retry: () => this.refresh() })}
      </div>
      ${vault.unlocked ? nothing : html`<keyseal-unlock .vault=${vault}></keyseal-unlock>`}
      ${
        this.noTabs
          ? nothing
          : html`<div id="panel" role="tabpanel" aria-labelledby=${`tab-${this.view}`} tabindex="-1">
            ${drawn}
          </div>`
      }
      ${this.noTabs ? drawn : nothing}
      ${view ? nothing : html`<slot></slot>`}
    `;
  }

  #draw(view: StoreView, vault: Vault): TemplateResult {
    const tag = `keyseal-${view}`;
    if (!isLater(tag) || this.#later.has(tag)) return VIEWS[view](vault, this.account);
    const { failed } = this.#later;
    if (!failed) return html`<keyseal-skeleton view=${view} opened></keyseal-skeleton>`;
    return html`
      ${problem(failed)}
      <button class="button" type="button" @click=${() => this.#later.load(tag)}>
        ${WORDS.retry}
      </button>
    `;
  }

  protected override updated(): void {
    if (this.vault) this.#later.allSoon();
  }

  #failed(error: KeysealError): TemplateResult {
    return html`
      <section class="card sheet">
        <h1>${WORDS.failed}</h1>
        ${problem(error)}
        <div>
          <button class="button" type="button" @click=${this.#open}>${WORDS.retry}</button>
        </div>
      </section>
    `;
  }

  #tabs(vault: Vault): TemplateResult {
    return html`
      <div class="bar" part="tabs">
        <div class="tabs" role="tablist" aria-label=${WORDS.tabs} @keydown=${this.#moveByKey}>
          ${TABS.map(
            (view) => html`<button
              type="button"
              role="tab"
              part="tab"
              id=${`tab-${view}`}
              aria-controls="panel"
              aria-selected=${view === this.view ? "true" : "false"}
              tabindex=${view === this.view ? 0 : -1}
              @click=${() => {
                this.view = view;
              }}
            >
              ${WORDS.tab[view]}
            </button>`,
          )}
        </div>
        ${
          vault.unlocked && vault.slots.length > 0
            ? html`<button
              class="icon-button"
              type="button"
              aria-label=${strings.lock.now}
              title=${strings.lock.what}
              @click=${() => vault.lock()}
            >
              ${icons.seal}
            </button>`
            : nothing
        }
      </div>
    `;
  }

  readonly #moveByKey = async (event: KeyboardEvent): Promise<void> => {
    const now = TABS.indexOf(this.view as StoreView);
    const to = {
      ArrowRight: (now + 1) % TABS.length,
      ArrowLeft: (now - 1 + TABS.length) % TABS.length,
      Home: 0,
      End: TABS.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.view = TABS[to] ?? "keys";
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`#tab-${this.view}`)?.focus();
  };

  /** @internal */
  static override styles = [
    controls,
    notices,
    css`
      .bar {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--ks-4);
        margin-bottom: var(--ks-6);
        border-bottom: 1px solid var(--ks-border);
      }

      .tabs {
        display: flex;
        gap: var(--ks-1);
        min-width: 0;
        overflow-x: auto;
      }

      [role="tab"] {
        min-height: 2.75rem;
        padding: 0 var(--ks-3);
        border: 0;
        border-bottom: 2px solid transparent;
        background: none;
        color: var(--ks-ink-2);
        font-weight: 500;
        white-space: nowrap;
        cursor: pointer;
      }

      [role="tab"]:hover,
      [role="tab"][aria-selected="true"] {
        color: var(--ks-ink);
      }

      [role="tab"][aria-selected="true"] {
        border-bottom-color: var(--ks-accent-ink);
      }

      [role="tab"]:focus-visible {
        outline-offset: -2px;
      }

      [role="tabpanel"] {
        outline: none;
      }

      .sheet {
        display: grid;
        gap: var(--ks-4);
        width: min(30rem, 100%);
        margin: 0 auto;
        padding: var(--ks-8);
      }

      .sheet p {
        color: var(--ks-ink-2);
      }
    `,
  ];
}

define("keyseal-store", KeysealStore);
