import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { define } from "../define.js";
import { controls } from "./controls.js";
import { icons } from "./icons.js";

export interface MenuItem {
  name: string;
  action: () => void;
  disabled?: boolean;
  danger?: boolean;
}

const GAP = 4;

/** A button with a menu, by mouse and by keys as menus work everywhere. */
export class Menu extends LitElement {
  @property() label = "";
  @property({ attribute: false }) items: readonly MenuItem[] = [];
  @state() private open = false;
  @query("button") private button!: HTMLButtonElement;
  @query("[popover]") private list!: HTMLElement;

  #openedAt = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("scroll", this.#scrolled);
  }

  override focus(): void {
    this.button.focus();
  }

  protected override render(): TemplateResult {
    return html`
      <button
        class="icon-button"
        type="button"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label=${this.label}
        @click=${this.#toggle}
        @keydown=${this.#openByKey}
      >
        ${icons.more}
      </button>
      <div popover role="menu" aria-label=${this.label} @toggle=${this.#toggled} @keydown=${this.#moveByKey}>
        ${this.items.map(
          (item) => html`
            <button
              type="button"
              role="menuitem"
              tabindex="-1"
              class=${item.danger ? "danger" : nothing}
              aria-disabled=${item.disabled ? "true" : nothing}
              @click=${() => this.#choose(item)}
            >
              ${item.name}
            </button>
          `,
        )}
      </div>
    `;
  }

  readonly #toggle = () => {
    if (this.open) this.list.hidePopover();
    else this.#show(0);
  };

  readonly #openByKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    this.#show(event.key === "ArrowDown" ? 0 : -1);
  };

  #show(focus: number): void {
    this.list.showPopover();
    const at = this.button.getBoundingClientRect();
    this.#openedAt = at.top;
    const { offsetWidth: width, offsetHeight: height } = this.list;
    const below = at.bottom + GAP + height <= window.innerHeight;
    const top = below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
    this.list.style.top = `${top}px`;
    this.list.style.left = `${Math.max(GAP, at.right - width)}px`;
    this.#buttons().at(focus)?.focus();
  }

  readonly #toggled = (event: ToggleEvent) => {
    this.open = event.newState === "open";
    if (this.open) window.addEventListener("scroll", this.#scrolled, { passive: true });
    else window.removeEventListener("scroll", this.#scrolled);
  };

  /** The list stands still while the page moves under it: then it closes. */
  readonly #scrolled = () => {
    if (this.button.getBoundingClientRect().top !== this.#openedAt) this.list.hidePopover();
  };

  readonly #moveByKey = (event: KeyboardEvent) => {
    const buttons = this.#buttons();
    const now = buttons.indexOf(this.shadowRoot?.activeElement as HTMLButtonElement);
    const to = {
      ArrowDown: (now + 1) % buttons.length,
      ArrowUp: (now - 1 + buttons.length) % buttons.length,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (event.key === "Tab") this.list.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    buttons[to]?.focus();
  };

  #choose(item: MenuItem): void {
    if (item.disabled) return;
    this.list.hidePopover();
    this.button.focus();
    item.action();
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.list.querySelectorAll("button")];
  }

  static override styles = [
    controls,
    css`
      [popover] {
        position: fixed;
        inset: auto;
        min-width: 11rem;
        margin: 0;
        padding: var(--ks-1);
        border: 1px solid var(--ks-border);
        border-radius: var(--ks-radius);
        background: var(--ks-surface);
        color: var(--ks-ink);
        box-shadow: var(--ks-shadow-high);
      }

      [role="menuitem"] {
        display: block;
        width: 100%;
        padding: 0.4rem var(--ks-3);
        border: 0;
        border-radius: var(--ks-radius-small);
        background: none;
        text-align: left;
        cursor: pointer;
      }

      [role="menuitem"]:hover,
      [role="menuitem"]:focus-visible {
        background: var(--ks-quiet-soft);
        outline-offset: -2px;
      }

      [role="menuitem"].danger {
        color: var(--ks-bad);
      }

      [role="menuitem"][aria-disabled] {
        color: var(--ks-ink-3);
        opacity: 0.6;
        cursor: default;
      }

      @media (pointer: coarse) {
        [role="menuitem"] {
          padding-block: 0.75rem;
        }
      }
    `,
  ];
}

define("keyseal-menu", Menu);
