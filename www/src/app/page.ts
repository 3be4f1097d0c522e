import { type Entry, init, KeysealError, Vault } from "keyseal";
import "keyseal/elements/store";
import type { KeysealEvent } from "keyseal/elements";
import type { KeysealStore } from "keyseal/elements/store";
import { badge, controls, icons, Later, problem } from "keyseal/elements/ui";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { query, state } from "lit/decorators.js";
import { strings } from "../strings.js";
import { takeLink } from "./link.js";
import { answerOtherTabs } from "./other-tabs.js";
import { type SignIn, signIn, signOut } from "./sign-in.js";
import { nextTheme, type Theme, theme } from "./theme.js";

const VIEWS = ["keys", "playground", "usage", "security", "activity"] as const;
type View = (typeof VIEWS)[number];

const PLAYGROUND = "keyseal-playground";

/** What the first look does not need. */
const LATER = { [PLAYGROUND]: () => import("../playground/playground-view.js") } as const;

type Stage =
  | { is: "opening" }
  | { is: "signedOut"; why: "none" | "used" | "ended" | "away"; link?: string }
  | { is: "failed"; error: KeysealError }
  | { is: "open"; vault: Vault };

/** The page around the views: sign-in, navigation, and what is wrong right now. */
export class KeysealPage extends LitElement {
  /** The one-time code the page was opened with; taken once. */
  static link: string | undefined;

  @state() private stage: Stage = { is: "opening" };
  @state() private view: View = viewOfAddress();
  @state() private theme: Theme = theme();
  /** The key that was added last. */
  @state() private added: Entry | undefined;
  @state() private startWith: string | undefined;
  @query("keyseal-store") private store!: KeysealStore | null;

  readonly #later = new Later(this, LATER);
  #token = "";
  #played = false;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("hashchange", this.#addressChanged);
    this.addEventListener("keyseal-signed-out", () => this.#signedOut("ended"));
    answerOtherTabs(() => (this.stage.is === "open" ? this.#token : undefined));
    const link = KeysealPage.link;
    KeysealPage.link = undefined;
    void this.#start(link);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("hashchange", this.#addressChanged);
  }

  async #start(link: string | undefined): Promise<void> {
    this.stage = { is: "opening" };
    // What it takes is on the way while the sign-in is; what goes wrong there, opening the vault says.
    init().catch(() => undefined);
    const relaying = import("keyseal/relay");
    relaying.catch(() => undefined);
    const signedIn: SignIn = await signIn(link);
    if (signedIn.state !== "in") {
      const more = signedIn.state === "away" ? { link: signedIn.link } : {};
      this.stage = { is: "signedOut", why: signedIn.state, ...more };
      return;
    }
    this.#token = signedIn.token;
    try {
      const vault = await Vault.open({
        companion: location.origin,
        token: () => this.#token,
        // Its wasm is loaded when a key that is only in this browser is first used.
        relay: (await relaying).relay(),
      });
      vault.addEventListener("change", () => this.requestUpdate());
      this.stage = { is: "open", vault };
    } catch (thrown) {
      const error = KeysealError.from(thrown);
      if (error.code === "unauthorized") this.#signedOut("ended");
      else this.stage = { is: "failed", error };
    }
  }

  #signedOut(why: "ended"): void {
    signOut();
    this.stage = { is: "signedOut", why };
  }

  readonly #addressChanged = () => {
    const link = takeLink();
    if (link) void this.#start(link);
    this.view = viewOfAddress();
    window.scrollTo(0, 0);
    // Back from the playground, the list tells of the use that was just made.
    if (this.view === "keys") void this.store?.refresh();
  };

  #away(): boolean {
    return this.stage.is === "open" && this.stage.vault.problems.some(({ code }) => AWAY.has(code));
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("view")) this.#later.forget();
    document.title = `${strings.nav[this.view]} · ${strings.title}`;
  }

  protected override updated(): void {
    if (this.stage.is === "open") this.#later.allSoon();
  }

  protected override render(): TemplateResult {
    // While the vault is being opened the navigation stands already: nothing below it moves.
    const within = this.stage.is === "open" || this.stage.is === "opening";
    return html`
      <header>
        <div class="bar">
          <a class="brand" href="#keys">${mark}<span>${strings.brand}</span></a>
          ${within ? this.#navigation() : nothing}
          <div class="end">
            ${within ? this.#connection() : nothing}
            ${this.stage.is === "open" ? this.#lock(this.stage.vault) : nothing}
            <button
              class="icon-button"
              type="button"
              aria-label=${strings.theme[this.theme]}
              title=${strings.theme[this.theme]}
              @click=${() => {
                this.theme = nextTheme(this.theme);
              }}
            >
              ${icons[this.theme]}
            </button>
          </div>
        </div>
      </header>
      <main>${this.#main()}</main>
    `;
  }

  #navigation(): TemplateResult {
    return html`
      <nav aria-label=${strings.nav.label}>
        ${VIEWS.map(
          (view) => html`
            <a href="#${view}" aria-current=${this.view === view ? "page" : nothing}>
              ${strings.nav[view]}
            </a>
          `,
        )}
      </nav>
    `;
  }

  #connection(): TemplateResult {
    const on = !this.#away();
    const label = strings.connection.label(location.host, on);
    // Its place is kept while nobody can say yet.
    const looks = this.stage.is === "opening" ? "unknown" : on ? "on" : "off";
    return html`
      <span class="connection ${looks}" role="img" aria-label=${label} title=${label}>
        <i></i><span aria-hidden="true">${on ? location.host : strings.connection.off}</span>
      </span>
    `;
  }

  /** Where there is something to lock. */
  #lock(vault: Vault): TemplateResult | typeof nothing {
    if (vault.slots.length === 0) return nothing;
    if (!vault.unlocked) {
      return html`<button
        class="icon-button locked"
        type="button"
        aria-label=${strings.lock.locked}
        title=${strings.lock.locked}
        @click=${() => window.scrollTo(0, 0)}
      >
        ${icons.seal}
      </button>`;
    }
    return html`<button
      class="icon-button"
      type="button"
      aria-label=${strings.lock.now}
      title=${strings.lock.what}
      @click=${() => vault.lock()}
    >
      ${icons.seal}
    </button>`;
  }

  #main(): TemplateResult {
    switch (this.stage.is) {
      case "opening":
        return this.#open(undefined);
      case "signedOut":
        return this.#signInNeeded(this.stage.why, this.stage.link);
      case "failed":
        return html`
          <section class="card sheet">
            <h1>${strings.startFailed.title}</h1>
            ${problem(this.stage.error)}
            <div><button class="button" type="button" @click=${() => this.#start(undefined)}>
              ${strings.startFailed.retry}
            </button></div>
          </section>
        `;
      case "open":
        return this.#open(this.stage.vault);
    }
  }

  /** While the vault is being opened, the store shows where its list will stand. */
  #open(vault: Vault | undefined): TemplateResult {
    // A conversation outlasts a look at the keys: once opened, the playground stays, out of sight.
    if (vault && this.view === "playground") this.#played = true;
    return html`
      <keyseal-store
        no-tabs
        .vault=${vault}
        .view=${this.view}
        @keyseal-added=${({ detail }: KeysealEvent<"keyseal-added">) => {
          this.added = detail.entry;
        }}
      >
        ${this.#played ? this.#playground(vault) : nothing}
        ${vault && this.added ? this.#chatWith(vault, this.added) : nothing}
      </keyseal-store>
    `;
  }

  /** Offered when a key was added: the quickest way to see it at work. */
  #chatWith(vault: Vault, { id, provider }: Entry): TemplateResult | typeof nothing {
    const info = vault.providers.find((it) => it.id === provider);
    if (!info?.chatPath || !info.defaultModel) return nothing;
    return html`<a
      slot="added"
      class="button"
      href="#playground"
      @click=${() => {
        this.startWith = id;
      }}
      >${strings.chatWith}</a
    >`;
  }

  #playground(vault: Vault | undefined): TemplateResult {
    const hidden = this.view !== "playground";
    if (this.#later.has(PLAYGROUND)) {
      return html`<keyseal-playground
        .vault=${vault}
        .startWith=${this.startWith}
        ?hidden=${hidden}
      ></keyseal-playground>`;
    }
    const { failed } = this.#later;
    if (!failed) return html`<keyseal-skeleton opened ?hidden=${hidden}></keyseal-skeleton>`;
    return html`<div ?hidden=${hidden}>
      ${problem(failed)}
      <button class="button" type="button" @click=${() => this.#later.load(PLAYGROUND)}>
        ${strings.startFailed.retry}
      </button>
    </div>`;
  }

  #signInNeeded(why: "none" | "used" | "ended" | "away", link: string | undefined): TemplateResult {
    const words = strings.signIn;
    if (why === "away") {
      return html`
        <section class="card sheet">
          <h1>${words.awayTitle}</h1>
          <p>${words.away}</p>
          <div><button class="button primary" type="button" @click=${() => this.#start(link)}>
            ${strings.startFailed.retry}
          </button></div>
        </section>
      `;
    }
    const title = { none: words.title, used: words.usedTitle, ended: words.endedTitle }[why];
    return html`
      <section class="card sheet">
        <span class="badge">${icons.seal}</span>
        <h1>${title}</h1>
        <p>${words[why]}</p>
        <p>${words.howInClone}</p>
        <pre class="mono">${words.commandInClone}</pre>
        <p>${words.how}</p>
        <pre class="mono">${words.command}</pre>
      </section>
    `;
  }

  static override styles = [
    controls,
    badge,
    css`
      :host {
        min-height: 100dvh;
        display: flex;
        flex-direction: column;
      }

      header {
        position: sticky;
        top: 0;
        z-index: 2;
        border-bottom: 1px solid var(--ks-border);
        background: color-mix(in srgb, var(--ks-surface) 88%, transparent);
        backdrop-filter: blur(10px);
      }

      .bar,
      main {
        width: 100%;
        max-width: 60rem;
        margin: 0 auto;
        padding: 0 var(--ks-6);
      }

      .bar {
        display: flex;
        align-items: center;
        gap: var(--ks-6);
        min-height: 3.25rem;
      }

      .brand {
        display: inline-flex;
        align-items: center;
        gap: var(--ks-2);
        color: inherit;
        font-weight: 600;
        font-size: var(--ks-text-large);
        letter-spacing: -0.01em;
        text-decoration: none;
        border-radius: var(--ks-radius-small);
      }

      nav {
        flex: none;
        display: flex;
        align-self: stretch;
        gap: var(--ks-1);
        min-width: 0;
        overflow-x: auto;
        scrollbar-width: none;
      }

      nav a {
        position: relative;
        display: flex;
        align-items: center;
        padding: 0 var(--ks-3);
        color: var(--ks-ink-2);
        text-decoration: none;
        font-weight: 500;
        border-radius: var(--ks-radius-small);
      }

      nav a:hover,
      nav a[aria-current] {
        color: var(--ks-ink);
      }

      nav a[aria-current]::after {
        content: "";
        position: absolute;
        inset: auto var(--ks-3) -1px;
        height: 2px;
        border-radius: 2px;
        background: var(--ks-accent-ink);
      }

      /* Whatever the address is called, it stays beside the mark: it is cut rather than put below it. */
      .end {
        flex: 1 1 0;
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: var(--ks-3);
        min-width: 0;
      }

      .connection {
        display: inline-flex;
        align-items: center;
        gap: var(--ks-2);
        min-width: 0;
        color: var(--ks-ink-3);
        white-space: nowrap;
      }

      .connection span {
        overflow: hidden;
        text-overflow: ellipsis;
      }

      .connection i {
        flex: none;
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--ks-ok);
      }

      .connection.unknown {
        visibility: hidden;
      }

      .connection.off {
        color: var(--ks-warn);
      }

      .connection.off i {
        background: transparent;
        box-shadow: inset 0 0 0 2px var(--ks-warn);
      }

      main {
        flex: 1;
        display: flex;
        flex-direction: column;
        padding-top: var(--ks-8);
        padding-bottom: var(--ks-12);
      }

      .locked {
        background: var(--ks-warn-soft);
        color: var(--ks-warn);
      }

      .sheet {
        display: grid;
        gap: var(--ks-4);
        width: min(30rem, 100%);
        margin: 8vh auto 0;
        padding: var(--ks-8);
      }

      .sheet p {
        color: var(--ks-ink-2);
      }

      .sheet pre {
        padding: var(--ks-3);
        border-radius: var(--ks-radius);
        background: var(--ks-sunken);
        overflow: auto;
      }

      @media (max-width: 46rem) {
        .bar {
          flex-wrap: wrap;
          gap: 0 var(--ks-4);
          padding: 0 var(--ks-4);
        }

        .brand {
          min-height: 3rem;
        }

        nav {
          order: 3;
          width: calc(100% + var(--ks-6));
          height: 2.75rem;
          margin: 0 calc(-1 * var(--ks-3));
          gap: 0;
          justify-content: space-between;
        }

        nav a {
          padding: 0 var(--ks-2);
        }

        nav a[aria-current]::after {
          inset-inline: var(--ks-2);
        }

        main {
          padding: var(--ks-6) var(--ks-4) var(--ks-8);
        }

        .sheet {
          margin-top: 0;
          padding: var(--ks-6);
        }
      }
    `,
  ];
}

const AWAY = new Set(["companion_unreachable", "unavailable"]);

const mark = html`<svg aria-hidden="true" width="24" height="24" viewBox="0 0 32 32">
  <rect width="32" height="32" rx="8" fill="#3451d1" />
  <g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round">
    <circle cx="12.2" cy="16" r="4.8" />
    <path d="M17 16h9M22.6 16v4" />
  </g>
</svg>`;

function viewOfAddress(): View {
  const name = location.hash.slice(1);
  return VIEWS.find((view) => view === name) ?? "keys";
}
