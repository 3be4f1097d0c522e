import { css, html, LitElement, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { define } from "./define.js";
import * as strings from "./strings.js";
import { controls } from "./ui/controls.js";

/** What each view begins with, before there is anything to show below it. */
const HEADS: Readonly<Record<string, { title: string; lead: string }>> = {
  keys: strings.keys,
  usage: strings.usage,
  security: strings.security,
  activity: strings.activity,
};

/** What stands where a view will stand, in its place and words, until the vault is open and the view loaded. */
export class Skeleton extends LitElement {
  /** Of which view. */
  @property() view = "";
  /** The vault is open, and the view on its way. */
  @property({ type: Boolean }) opened = false;

  protected override render(): TemplateResult {
    const head = Object.hasOwn(HEADS, this.view) ? HEADS[this.view] : undefined;
    return html`
      <p class="hidden" role="status">
        ${this.opened ? strings.store.viewLoading : strings.store.loading}
      </p>
      <div class="all" aria-hidden="true">
        ${
          head
            ? html`<p class="title">${head.title}</p>
              <p class="lead">${head.lead}</p>`
            : html`<i class="title"></i><i class="lead"></i>`
        }
        <div class="card"><i></i><i></i><i></i></div>
      </div>
    `;
  }

  static override styles = [
    controls,
    css`
      i {
        display: block;
        border-radius: var(--ks-radius-small);
        background: var(--ks-quiet-soft);
        animation: breathe 1.6s ease-in-out infinite;
      }

      .title {
        min-height: 2.25rem;
        font-size: var(--ks-title);
        font-weight: 600;
        line-height: 1.25;
        letter-spacing: -0.015em;
      }

      .lead {
        min-height: 1.25rem;
        margin: var(--ks-1) 0 4.75rem;
        color: var(--ks-ink-2);
      }

      i.title {
        width: 11rem;
      }

      i.lead {
        width: min(24rem, 80%);
      }

      .card {
        display: grid;
        gap: var(--ks-4);
        padding: var(--ks-4);
      }

      .card i {
        height: 1.25rem;
      }

      @keyframes breathe {
        50% {
          opacity: 0.55;
        }
      }

      @media (prefers-reduced-motion: reduce) {
        i {
          animation: none;
        }
      }
    `,
  ];
}

define("keyseal-skeleton", Skeleton);
