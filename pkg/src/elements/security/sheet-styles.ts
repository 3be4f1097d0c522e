import { css } from "lit";

/** What the dialogs of this view have in common. */
export const sheetStyles = css`
  :host {
    display: contents;
  }

  form,
  .done {
    display: grid;
    gap: var(--ks-4);
  }

  .about {
    color: var(--ks-ink-2);
  }

  fieldset {
    display: grid;
    gap: var(--ks-3);
    padding: var(--ks-4);
    border-radius: var(--ks-radius);
    background: var(--ks-sunken);
  }

  legend {
    float: left;
    padding: 0;
    font-weight: 500;
  }

  fieldset .help {
    margin-top: calc(-1 * var(--ks-2));
  }

  .stays {
    display: grid;
    gap: var(--ks-3);
    clear: both;
  }

  .stays li {
    display: grid;
    gap: var(--ks-1);
    justify-items: start;
  }

  .stays .field {
    width: 100%;
  }

  .busy {
    display: flex;
    align-items: center;
    gap: var(--ks-3);
    min-height: calc(2em * var(--ks-line));
    color: var(--ks-ink-2);
  }

  .busy .spinner {
    flex: none;
  }

  .line {
    display: flex;
    gap: var(--ks-2);
  }

  .line .input {
    min-width: 0;
  }

  .insist {
    display: flex;
    gap: var(--ks-2);
    cursor: pointer;
  }

  .insist input {
    flex: none;
    width: 1rem;
    height: 1rem;
    margin-top: 2px;
    accent-color: var(--ks-accent);
  }

  details summary {
    color: var(--ks-ink-2);
    cursor: pointer;
  }

  fieldset details .help {
    margin-top: var(--ks-1);
  }

  .line .button {
    min-height: 2.375rem;
  }
`;
