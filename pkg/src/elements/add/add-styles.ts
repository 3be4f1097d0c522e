import { css } from "lit";

export const addStyles = css`
  :host {
    display: contents;
  }

  .detected {
    display: grid;
    gap: var(--ks-1);
    /* Room for the sentence that comes with the paste: nothing jumps. */
    min-height: 1.375rem;
    margin-top: 2px;
  }

  .detected > span {
    display: flex;
    align-items: flex-start;
    gap: var(--ks-2);
  }

  .detected svg {
    margin-top: 2px;
  }

  .detected .aside-line {
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 var(--ks-1);
    color: var(--ks-ink-2);
  }

  .detected .sure {
    color: var(--ks-ok);
    font-weight: 500;
  }

  .detected .unsure {
    color: var(--ks-ink-2);
  }

  .detected .warning {
    color: var(--ks-warn);
  }

  .pair {
    display: grid;
    grid-template-columns: 1fr 1fr;
    align-items: start;
    gap: var(--ks-4);
  }

  .field > .link {
    justify-self: start;
    font-weight: 400;
    text-align: start;
  }

  .legend {
    margin-bottom: var(--ks-2);
    padding: 0;
    font-weight: 500;
  }

  .cards {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: var(--ks-3);
  }

  .choice {
    position: relative;
    display: block;
    padding: var(--ks-3);
    border: 1px solid var(--ks-border);
    border-radius: var(--ks-radius);
    cursor: pointer;
    transition:
      border-color var(--ks-motion),
      background var(--ks-motion);
  }

  .choice:hover {
    border-color: var(--ks-border-strong);
  }

  .choice:has(:checked) {
    border-color: var(--ks-accent-ink);
    background: var(--ks-accent-soft);
    box-shadow: inset 0 0 0 1px var(--ks-accent-ink);
  }

  .choice:has(:focus-visible) {
    outline: 2px solid var(--ks-accent-ink);
    outline-offset: 2px;
  }

  .choice input {
    position: absolute;
    top: 0.85rem;
    right: var(--ks-3);
    margin: 0;
    accent-color: var(--ks-accent-ink);
    outline: none;
  }

  .choice-title {
    display: flex;
    align-items: center;
    gap: var(--ks-2);
    padding-right: var(--ks-6);
    font-weight: 500;
  }

  .choice-text {
    display: block;
    margin-top: var(--ks-1);
    color: var(--ks-ink-2);
    overflow-wrap: anywhere;
  }

  .allowed {
    display: grid;
    gap: var(--ks-1);
    color: var(--ks-ink-2);
  }

  .allowed li {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--ks-2);
  }

  .allowed svg {
    margin-top: 2px;
    color: var(--ks-ok);
  }

  .allowed li + li svg {
    color: var(--ks-ink-3);
  }

  .more summary {
    width: fit-content;
    color: var(--ks-accent-ink);
    font-weight: 500;
    cursor: pointer;
    border-radius: 3px;
  }

  .more[open] summary {
    margin-bottom: var(--ks-3);
  }

  .clipboard {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--ks-2);
    min-height: 1.75rem;
    color: var(--ks-ink-2);
  }

  .clipboard svg {
    color: var(--ks-ok);
  }

  .steps {
    display: grid;
    gap: var(--ks-3);
  }

  .steps li {
    display: grid;
    grid-template-columns: 1.5rem 4.5rem 1fr;
    align-items: center;
    gap: var(--ks-3);
  }

  .steps strong {
    font-weight: 500;
  }

  .mark {
    display: grid;
    place-items: center;
    width: 1.5rem;
    height: 1.5rem;
    border-radius: 50%;
    background: var(--ks-quiet-soft);
    color: var(--ks-accent-ink);
  }

  .mark i {
    width: 6px;
    height: 6px;
    border-radius: 50%;
    background: var(--ks-ink-3);
  }

  .done .mark {
    background: var(--ks-ok-soft);
    color: var(--ks-ok);
  }

  .otherwise {
    display: flex;
    gap: var(--ks-2);
    padding: var(--ks-3);
    border-radius: var(--ks-radius);
    background: var(--ks-warn-soft);
    cursor: pointer;
  }

  .otherwise input {
    flex: none;
    width: 1rem;
    height: 1rem;
    margin-top: 2px;
    accent-color: var(--ks-accent);
  }

  .unclear .mark {
    background: var(--ks-warn-soft);
    color: var(--ks-warn);
  }

  .later strong,
  .skipped strong {
    color: var(--ks-ink-3);
  }

  .outcome {
    /* The place of the result, kept free from the start. */
    min-height: 6.75rem;
  }

  .result {
    display: grid;
    gap: var(--ks-1);
    padding: var(--ks-4);
    border-radius: var(--ks-radius);
    overflow-wrap: anywhere;
    animation: rise var(--ks-motion);
  }

  .result p {
    color: var(--ks-ink-2);
  }

  .result .result-title {
    display: flex;
    align-items: center;
    gap: var(--ks-2);
    font-size: var(--ks-text-large);
    font-weight: 600;
  }

  .result.ok {
    background: var(--ks-ok-soft);
  }

  .result.ok .result-title {
    color: var(--ks-ok);
  }

  .result.warn {
    background: var(--ks-warn-soft);
  }

  .result.warn .result-title {
    color: var(--ks-warn);
  }

  .result.bad {
    background: var(--ks-bad-soft);
  }

  .result.bad .result-title {
    color: var(--ks-bad);
  }

  .result.quiet {
    background: var(--ks-quiet-soft);
  }

  .result.quiet .result-title {
    color: var(--ks-ink);
  }

  @media (max-width: 34rem) {
    .pair,
    .cards {
      grid-template-columns: 1fr;
    }
  }
`;
