import { type CSSResultGroup, css } from "lit";
import { tokens } from "./tokens.js";

const looks = css`
  :host {
    display: block;
    font: var(--ks-text) / var(--ks-line) var(--ks-font);
    color: var(--ks-ink);
  }

  :host([hidden]) {
    display: none;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  h1,
  h2,
  h3,
  p,
  ol,
  ul,
  dl,
  dd,
  pre,
  fieldset {
    margin: 0;
    padding: 0;
  }

  fieldset {
    border: 0;
    min-width: 0;
  }

  ol,
  ul {
    list-style: none;
  }

  h1 {
    font-size: var(--ks-title);
    line-height: 1.25;
    letter-spacing: -0.015em;
    font-weight: 600;
  }

  h2 {
    font-size: var(--ks-heading);
    line-height: 1.3;
    letter-spacing: -0.01em;
    font-weight: 600;
  }

  svg {
    display: block;
    flex: none;
  }

  button {
    font: inherit;
    color: inherit;
  }

  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--ks-2);
    min-height: 2.25rem;
    padding: 0 var(--ks-3);
    border: 1px solid var(--ks-border);
    border-radius: var(--ks-radius);
    background: var(--ks-surface);
    color: var(--ks-ink);
    font-weight: 500;
    text-decoration: none;
    white-space: nowrap;
    cursor: pointer;
    box-shadow: var(--ks-shadow);
    transition:
      background var(--ks-motion),
      border-color var(--ks-motion);
  }

  .button:hover {
    background: var(--ks-hover);
    border-color: var(--ks-border-strong);
  }

  .button.primary {
    border-color: transparent;
    background: var(--ks-accent);
    color: var(--ks-on-accent);
  }

  .button.primary:hover {
    background: var(--ks-accent-hover);
  }

  .button.danger {
    border-color: transparent;
    background: var(--ks-bad-fill);
    color: #fff;
  }

  .button.danger:hover {
    filter: brightness(0.93);
  }

  .button.small {
    min-height: 1.75rem;
    padding: 0 var(--ks-2);
    border-radius: var(--ks-radius-small);
  }

  .button[disabled],
  .button[aria-disabled="true"] {
    opacity: 0.55;
    cursor: default;
  }

  .icon-button {
    display: inline-grid;
    place-items: center;
    flex: none;
    width: 2rem;
    height: 2rem;
    padding: 0;
    border: 0;
    border-radius: var(--ks-radius-small);
    background: transparent;
    color: var(--ks-ink-3);
    cursor: pointer;
    transition: background var(--ks-motion);
  }

  .icon-button:hover {
    background: var(--ks-quiet-soft);
    color: var(--ks-ink);
  }

  .link {
    padding: 0;
    border: 0;
    background: none;
    color: var(--ks-accent-ink);
    font: inherit;
    font-weight: 500;
    text-decoration: underline;
    text-decoration-color: transparent;
    text-underline-offset: 3px;
    cursor: pointer;
    border-radius: 3px;
  }

  .link:hover {
    text-decoration-color: currentColor;
  }

  .link svg {
    display: inline-block;
    vertical-align: -2px;
  }

  :focus-visible {
    outline: 2px solid var(--ks-accent-ink);
    outline-offset: 2px;
  }

  .field {
    display: grid;
    gap: var(--ks-1);
  }

  .field > .name {
    font-weight: 500;
  }

  .field > .name > .aside,
  .help {
    color: var(--ks-ink-3);
    font-weight: 400;
  }

  .input {
    width: 100%;
    min-height: 2.375rem;
    padding: var(--ks-2) var(--ks-3);
    border: 1px solid var(--ks-border-strong);
    border-radius: var(--ks-radius);
    background: var(--ks-surface);
    color: var(--ks-ink);
    /* 16 px: smaller text makes phones zoom in. */
    font: var(--ks-text-large) / 1.4 var(--ks-font);
  }

  .input::placeholder {
    color: var(--ks-ink-3);
    opacity: 1;
  }

  .input:focus-visible {
    outline-offset: -1px;
    border-color: var(--ks-accent-ink);
  }

  select.input {
    padding-right: var(--ks-2);
  }

  @media (min-width: 40rem) {
    .input {
      font-size: var(--ks-text);
    }
  }

  .mono {
    font-family: var(--ks-mono);
    font-size: 0.8125rem;
    font-variant-ligatures: none;
  }

  /* Smaller, and a phone would draw the page closer at every touch. */
  @media (max-width: 40rem) {
    .input.mono {
      font-size: var(--ks-text-large);
    }
  }

  .quiet {
    color: var(--ks-ink-3);
  }

  .card {
    border: 1px solid var(--ks-border);
    border-radius: var(--ks-radius-large);
    background: var(--ks-surface);
    box-shadow: var(--ks-shadow);
  }

  .problem {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--ks-1) var(--ks-2);
    padding: var(--ks-3);
    border-radius: var(--ks-radius);
    background: var(--ks-bad-soft);
    color: var(--ks-bad);
  }

  .problem > svg {
    margin-top: 2px;
  }

  .problem p {
    color: var(--ks-ink);
  }

  .problem .code {
    color: var(--ks-ink-3);
  }

  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  /* Fingers need room. */
  @media (pointer: coarse) {
    .button,
    .button.small,
    .input {
      min-height: 2.75rem;
    }

    .icon-button {
      width: 2.75rem;
      height: 2.75rem;
    }

    summary,
    .link {
      padding-block: 0.75rem;
    }
  }

  @media (forced-colors: active) {
    .button,
    .card,
    .icon-button:focus-visible {
      border: 1px solid ButtonBorder;
    }
  }

  @keyframes spin {
    to {
      rotate: 1turn;
    }
  }

  .spinner {
    width: 1em;
    height: 1em;
    border: 2px solid color-mix(in srgb, currentColor 25%, transparent);
    border-top-color: currentColor;
    border-radius: 50%;
    animation: spin 700ms linear infinite;
  }

  @media (prefers-reduced-motion: reduce) {
    .spinner {
      animation-duration: 2.4s;
    }
  }
`;

/** Buttons, fields and what else looks alike in every element. */
export const controls: CSSResultGroup = [tokens, looks];

/** A symbol that stands before a notice of its own. */
export const badge = css`
  .badge {
    display: grid;
    place-items: center;
    width: 2.5rem;
    height: 2.5rem;
    border-radius: var(--ks-radius);
    background: var(--ks-accent-soft);
    color: var(--ks-accent-ink);
  }
`;

/** Modal dialogs. */
export const dialogs = css`
  dialog {
    width: min(34rem, calc(100vw - 2rem));
    max-height: calc(100dvh - 2rem);
    padding: 0;
    border: 1px solid var(--ks-border);
    border-radius: var(--ks-radius-large);
    background: var(--ks-surface);
    color: var(--ks-ink);
    box-shadow: var(--ks-shadow-high);
    overflow: auto;
  }

  dialog::backdrop {
    background: var(--ks-veil);
  }

  @media print {
    dialog::backdrop {
      background: #fff;
      print-color-adjust: exact;
    }
  }

  dialog[open] {
    animation: rise var(--ks-motion);
  }

  @keyframes rise {
    from {
      opacity: 0;
      translate: 0 6px;
    }
  }

  .dialog-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--ks-4);
    padding: var(--ks-4) var(--ks-4) 0 var(--ks-6);
  }

  .dialog-body {
    display: grid;
    gap: var(--ks-5);
    padding: var(--ks-4) var(--ks-6) var(--ks-6);
  }

  .dialog-foot {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: var(--ks-2);
  }

  @media (max-width: 40rem) {
    dialog {
      width: 100vw;
      max-width: none;
      margin: auto 0 0;
      border-radius: var(--ks-radius-large) var(--ks-radius-large) 0 0;
      border-width: 1px 0 0;
    }

    .dialog-head {
      padding-left: var(--ks-4);
    }

    .dialog-body {
      padding: var(--ks-4);
    }

    .dialog-foot .button {
      flex: 1;
    }
  }
`;
