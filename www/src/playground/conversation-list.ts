import { ago, controls, dialogs, icons, type MenuItem } from "keyseal/elements/ui";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { strings } from "../strings.js";
import type { Failure } from "./conversation.js";
import type { Listed, Listing } from "./shelf.js";

const WORDS = strings.playground;
/** From here on looking for one by its name is quicker than looking through the list. */
const MANY = 8;

/** The conversations that are kept: open, rename, delete, find. */
export class ConversationList extends LitElement {
  @property({ attribute: false }) listing: Listing = { listed: [], unreadable: [] };
  @property({ attribute: false }) locked: Failure | undefined;
  @property({ attribute: false }) current = "";
  @state() private find = "";
  @state() private renaming: Listed | undefined;
  @query("dialog") private dialog!: HTMLDialogElement;

  protected override render(): TemplateResult {
    const { listed, unreadable } = this.listing;
    return html`
      <nav aria-label=${WORDS.list}>
        ${
          listed.length >= MANY || this.find
            ? html`<input
                class="input"
                type="search"
                aria-label=${WORDS.search}
                placeholder=${WORDS.search}
                autocomplete="off"
                .value=${this.find}
                @input=${(event: InputEvent) => {
                  this.find = (event.target as HTMLInputElement).value;
                }}
              />`
            : nothing
        }
        ${this.locked ? this.#locked(this.locked) : this.#list()}
        ${
          unreadable.length
            ? html`<p class="note">
                ${WORDS.unreadable(unreadable.length)}
                <button class="link" type="button" @click=${() => this.#ask("forget", unreadable)}>
                  ${WORDS.removeUnreadable}
                </button>
              </p>`
            : nothing
        }
      </nav>
      ${this.#renameDialog()}
    `;
  }

  #locked({ next }: Failure): TemplateResult {
    return html`<p class="note locked">
      ${icons.seal}<span><strong>${WORDS.locked}</strong> ${next || WORDS.lockedNext}</span>
    </p>`;
  }

  #list(): TemplateResult {
    const find = this.find.trim().toLowerCase();
    const found = this.listing.listed.filter(({ title }) => title.toLowerCase().includes(find));
    if (!found.length) {
      return html`<p class="note">${find ? WORDS.noneFound : WORDS.noneYet}</p>`;
    }
    return html`<ul>
      ${repeat(
        found,
        ({ id }) => id,
        (it) => html`
          <li class=${it.id === this.current ? "current" : nothing}>
            <button
              class="open"
              type="button"
              aria-current=${it.id === this.current ? "true" : nothing}
              @click=${() => this.#ask("open", it.id)}
            >
              <span class="title" dir="auto">${it.title}</span>
              <span class="when">${ago(new Date(it.changedAt).toISOString())}</span>
            </button>
            <keyseal-menu .label=${WORDS.more(it.title)} .items=${this.#items(it)}></keyseal-menu>
          </li>
        `,
      )}
    </ul>`;
  }

  #items(it: Listed): MenuItem[] {
    return [
      { name: WORDS.rename, action: () => this.#rename(it) },
      { name: WORDS.remove, danger: true, action: () => this.#ask("remove", it) },
    ];
  }

  #rename(it: Listed): void {
    this.renaming = it;
    void this.updateComplete.then(() => {
      this.dialog.showModal();
      this.renderRoot.querySelector<HTMLInputElement>("#name")?.select();
    });
  }

  #renameDialog(): TemplateResult {
    return html`
      <dialog aria-labelledby="rename" @close=${() => {
        this.renaming = undefined;
      }}>
        <form method="dialog" class="dialog-body" @submit=${this.#renamed}>
          <h2 id="rename">${WORDS.rename}</h2>
          <div class="field">
            <label class="name" for="name">${WORDS.name}</label>
            <input
              id="name"
              class="input"
              dir="auto"
              maxlength="120"
              autocomplete="off"
              required
              .value=${this.renaming?.title ?? ""}
            />
          </div>
          <div class="dialog-foot">
            <button class="button" type="button" @click=${() => this.dialog.close()}>${WORDS.cancel}</button>
            <button class="button primary" type="submit">${WORDS.save}</button>
          </div>
        </form>
      </dialog>
    `;
  }

  readonly #renamed = (event: SubmitEvent) => {
    const field = (event.target as HTMLFormElement).querySelector("input");
    const title = field?.value.trim();
    if (title && this.renaming) this.#ask("rename", { id: this.renaming.id, title });
  };

  #ask(what: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  static override styles = [
    controls,
    dialogs,
    css`
      nav {
        display: grid;
        gap: var(--ks-2);
      }

      li {
        display: flex;
        align-items: center;
        gap: var(--ks-1);
        border-radius: var(--ks-radius);
      }

      li:hover {
        background: var(--ks-quiet-soft);
      }

      li.current {
        background: var(--ks-accent-soft);
      }

      .open {
        display: grid;
        flex: 1;
        min-width: 0;
        padding: var(--ks-2) var(--ks-3);
        border: 0;
        border-radius: var(--ks-radius);
        background: none;
        text-align: start;
        cursor: pointer;
      }

      .title {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      li.current .title {
        font-weight: 500;
      }

      .when,
      .note {
        color: var(--ks-ink-3);
      }

      .note {
        padding: var(--ks-2) var(--ks-3);
      }

      .locked {
        display: flex;
        gap: var(--ks-2);
        border-radius: var(--ks-radius);
        background: var(--ks-warn-soft);
        color: var(--ks-warn);
      }

      .locked svg {
        margin-top: 2px;
      }

      .locked span {
        color: var(--ks-ink-2);
      }

      .locked strong {
        color: var(--ks-ink);
        font-weight: 500;
      }
    `,
  ];
}

if (!customElements.get("keyseal-conversations")) {
  customElements.define("keyseal-conversations", ConversationList);
}
