import { css } from "lit";

/** How the playground is laid out: the list beside the conversation, on a phone above it. */
export const layout = css`
  :host {
    display: flex;
    flex-direction: column;
    flex: 1;
  }

  .head {
    display: flex;
    align-items: flex-start;
    justify-content: space-between;
    gap: var(--ks-4);
    margin-bottom: var(--ks-6);
  }

  .lead {
    margin-top: var(--ks-1);
    color: var(--ks-ink-2);
  }

  .buttons {
    display: flex;
    flex: none;
    gap: var(--ks-2);
  }

  .list-opener {
    display: none;
  }

  .both {
    display: grid;
    grid-template-columns: 14rem minmax(0, 1fr);
    gap: var(--ks-6);
    flex: 1;
  }

  aside {
    position: sticky;
    top: 4.5rem;
    align-self: start;
    max-height: calc(100dvh - 6rem);
    margin: 0 calc(-1 * var(--ks-3));
    padding: 0 var(--ks-1);
    overflow: auto;
  }

  .chat {
    display: flex;
    flex-direction: column;
    min-height: 26rem;
  }

  .transcript {
    display: flex;
    flex: 1;
    flex-direction: column;
    gap: var(--ks-6);
    padding: var(--ks-6) var(--ks-5);
  }

  .nothing,
  .empty {
    display: grid;
    justify-items: center;
    align-content: center;
    gap: var(--ks-2);
    flex: 1;
    text-align: center;
    color: var(--ks-ink-2);
  }

  .nothing p,
  .empty p {
    max-width: 27rem;
  }

  .nothing h2 {
    color: var(--ks-ink);
  }

  .suggestions {
    display: grid;
    gap: var(--ks-2);
    width: min(27rem, 100%);
    margin-top: var(--ks-4);
  }

  .suggestions .button {
    min-height: 2.75rem;
    padding-block: var(--ks-2);
    justify-content: flex-start;
    font-weight: 400;
    text-align: start;
    white-space: normal;
  }

  .empty {
    align-self: start;
    gap: var(--ks-3);
    padding: var(--ks-12) var(--ks-6);
  }

  .turn {
    min-width: 0;
  }

  .mine {
    display: grid;
    justify-items: end;
    align-self: flex-end;
    max-width: min(34rem, 88%);
  }

  .mine .link {
    min-height: 1.5rem;
    color: var(--ks-ink-3);
  }

  .bubble {
    padding: var(--ks-2) var(--ks-4);
    border-radius: var(--ks-radius-large);
    background: var(--ks-accent-soft);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    font-size: var(--ks-text-large);
  }

  .compose {
    position: sticky;
    bottom: 0;
    display: grid;
    gap: var(--ks-2);
    padding: var(--ks-3) var(--ks-5) var(--ks-3);
    border-top: 1px solid var(--ks-border);
    border-radius: 0 0 var(--ks-radius-large) var(--ks-radius-large);
    background: var(--ks-surface);
  }

  .compose textarea {
    resize: none;
    font-size: var(--ks-text-large);
  }

  .with {
    display: flex;
    align-items: center;
    gap: var(--ks-2);
    min-width: 0;
  }

  .with keyseal-model-picker {
    flex: 0 1 auto;
    margin-inline-start: calc(-1 * var(--ks-2));
  }

  .with .key {
    flex: 0 1 12rem;
    width: auto;
    min-width: 5rem;
    min-height: 2.25rem;
    padding-block: 0;
    border-color: transparent;
    background: none;
    color: var(--ks-ink-2);
    cursor: pointer;
  }

  @media (pointer: coarse) {
    .with .key {
      min-height: 2.75rem;
    }
  }

  .with .key:hover {
    background: var(--ks-quiet-soft);
  }

  .with > .button {
    flex: none;
    margin-inline-start: auto;
  }

  .aside {
    color: var(--ks-ink-3);
  }

  .to-end {
    position: absolute;
    inset: -2.5rem auto auto 50%;
    translate: -50% 0;
    box-shadow: var(--ks-shadow-high);
  }

  .complaint {
    color: var(--ks-bad);
  }

  .complaint:empty {
    display: none;
  }

  @media (max-width: 48rem) {
    .head {
      flex-wrap: wrap;
      margin-bottom: var(--ks-4);
    }

    .buttons {
      width: 100%;
    }

    .buttons .button {
      flex: 1;
    }

    .list-opener {
      display: inline-flex;
    }

    .both {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: auto 1fr;
      gap: 0;
    }

    aside {
      display: none;
    }

    aside.open {
      display: block;
      position: static;
      max-height: 50dvh;
      margin: 0 0 var(--ks-4);
      padding: var(--ks-2);
      border: 1px solid var(--ks-border);
      border-radius: var(--ks-radius-large);
      background: var(--ks-surface);
    }

    .transcript,
    .compose {
      padding-inline: var(--ks-4);
    }

    /* Where several keys can be chosen among, they have a line of their own. */
    .with {
      flex-wrap: wrap;
    }

    .with .key {
      order: 3;
      flex: 1 1 100%;
      margin-inline: calc(-1 * var(--ks-2));
      padding-inline: var(--ks-2);
    }

    .with keyseal-model-picker {
      flex: 1 1 8rem;
    }
  }
`;
