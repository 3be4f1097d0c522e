import { css } from "lit";

export const usageStyles = css`
  .top {
    display: flex;
    flex-wrap: wrap;
    align-items: end;
    justify-content: space-between;
    gap: var(--ks-3) var(--ks-4);
    margin-bottom: var(--ks-5);
  }

  .lead {
    margin-top: var(--ks-1);
    color: var(--ks-ink-2);
  }

  .all,
  .waiting {
    display: grid;
    gap: var(--ks-4);
  }

  .all[aria-busy="true"] {
    opacity: 0.6;
    transition: opacity var(--ks-motion) 200ms;
  }

  .card {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--ks-3);
    min-width: 0;
    padding: var(--ks-5);
  }

  keyseal-usage-on-device + .card {
    margin-top: var(--ks-4);
  }

  .waiting .card {
    background: var(--ks-sunken);
    border-color: transparent;
    box-shadow: none;
  }

  .sum {
    min-height: 10.5rem;
    gap: var(--ks-1);
  }

  .bars {
    min-height: 22.5rem;
  }

  .sum h2 {
    color: var(--ks-ink-2);
    font-size: var(--ks-text);
    font-weight: 500;
    letter-spacing: 0;
  }

  .big {
    font-size: 2.25rem;
    line-height: 1.2;
    font-weight: 600;
    letter-spacing: -0.02em;
    font-variant-numeric: tabular-nums;
  }

  .more {
    display: inline-block;
    margin-left: var(--ks-1);
    color: var(--ks-ink-2);
    font-size: var(--ks-text);
    line-height: var(--ks-line);
    font-weight: 400;
    letter-spacing: 0;
  }

  dl {
    display: flex;
    flex-wrap: wrap;
    gap: var(--ks-2) var(--ks-8);
    margin-top: var(--ks-2);
  }

  dt {
    color: var(--ks-ink-3);
  }

  dd {
    font-size: var(--ks-text-large);
    font-weight: 500;
    font-variant-numeric: tabular-nums;
  }

  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--ks-2) var(--ks-4);
  }

  .nothing {
    display: grid;
    place-items: center;
    min-height: 15rem;
  }

  .note,
  .about {
    max-width: 46rem;
    color: var(--ks-ink-3);
  }

  .budgets {
    display: grid;
    gap: var(--ks-4);
  }

  .budgets li {
    display: grid;
    grid-template-columns: minmax(8rem, 1fr) minmax(6rem, 14rem) minmax(12rem, auto);
    align-items: center;
    gap: var(--ks-1) var(--ks-4);
    overflow-wrap: anywhere;
  }

  .left {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }

  .left strong {
    font-weight: 500;
  }

  .spent {
    color: var(--ks-bad);
  }

  .unknown {
    grid-column: 1 / -1;
  }

  meter {
    width: 100%;
    height: 0.75rem;
  }

  @media (max-width: 40rem) {
    .card {
      padding: var(--ks-4);
    }

    .budgets li {
      grid-template-columns: minmax(0, 1fr);
    }

    .left {
      text-align: left;
    }
  }
`;
