import { css, html, type TemplateResult } from "lit";

/** A few choices side by side, one of them taken. */
export function segments<T extends string>(
  label: string,
  names: Readonly<Record<T, string>>,
  chosen: T,
  choose: (one: T) => void,
): TemplateResult {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${(Object.keys(names) as T[]).map(
      (
        one,
      ) => html`<button type="button" aria-pressed=${one === chosen} @click=${() => choose(one)}>
        ${names[one]}
      </button>`,
    )}
  </div>`;
}

export const segmentStyles = css`
  .segments {
    display: inline-flex;
    max-width: 100%;
    padding: 2px;
    border-radius: var(--ks-radius);
    background: var(--ks-sunken);
    overflow-x: auto;
  }

  .segments button {
    min-height: 1.75rem;
    padding: 0 var(--ks-3);
    border: 1px solid transparent;
    border-radius: var(--ks-radius-small);
    background: none;
    color: var(--ks-ink-2);
    white-space: nowrap;
    cursor: pointer;
  }

  .segments button:hover {
    color: var(--ks-ink);
  }

  .segments button:focus-visible {
    outline-offset: -2px;
  }

  .segments button[aria-pressed="true"] {
    border-color: var(--ks-border);
    background: var(--ks-surface);
    color: var(--ks-ink);
    font-weight: 500;
    box-shadow: var(--ks-shadow);
  }

  @media (pointer: coarse) {
    .segments button {
      min-height: 2.75rem;
    }
  }
`;
