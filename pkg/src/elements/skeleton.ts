import { css, html, LitElement, type TemplateResult } from "lit";
import { define } from "./define.js";
import * as strings from "./strings.js";
import { controls } from "./ui/controls.js";

/** What stands where the list will stand, in its size, until the vault is open. */
export class Skeleton extends LitElement {
  protected override render(): TemplateResult {
    return html`
      <p class="hidden" role="status">${strings.store.loading}</p>
      <div aria-hidden="true">
        <i class="title"></i>
        <i class="line"></i>
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
        width: 11rem;
        height: 2.25rem;
      }

      .line {
        width: min(24rem, 80%);
        height: 1.25rem;
        margin: var(--ks-1) 0 4.75rem;
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
