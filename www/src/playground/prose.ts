import { css } from "lit";

/** How the text of an answer looks. */
export const prose = css`
  .prose {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--ks-3);
    font-size: var(--ks-text-large);
    line-height: 1.6;
    overflow-wrap: anywhere;
  }

  .prose:empty {
    display: none;
  }

  .prose h3,
  .prose h4,
  .prose h5 {
    margin: var(--ks-2) 0 0;
    font-weight: 600;
    line-height: 1.3;
  }

  .prose h3 {
    font-size: 1.25rem;
  }

  .prose h4 {
    font-size: var(--ks-heading);
  }

  .prose h5 {
    font-size: var(--ks-text-large);
  }

  .prose ul,
  .prose ol {
    display: grid;
    gap: var(--ks-1);
    padding-inline-start: var(--ks-6);
  }

  .prose ul {
    list-style: disc;
  }

  .prose ol {
    list-style: decimal;
  }

  .prose li > ul,
  .prose li > ol,
  .prose li > p + p,
  .prose li > keyseal-code {
    margin-top: var(--ks-1);
  }

  .prose blockquote {
    display: grid;
    gap: var(--ks-2);
    margin: 0;
    padding-inline-start: var(--ks-4);
    border-inline-start: 3px solid var(--ks-border);
    color: var(--ks-ink-2);
  }

  .prose hr {
    width: 100%;
    margin: var(--ks-2) 0;
    border: 0;
    border-top: 1px solid var(--ks-border);
  }

  .prose code {
    padding: 0.1em 0.35em;
    border-radius: 4px;
    background: var(--ks-sunken);
    font: 0.875em var(--ks-mono);
  }

  .prose a {
    color: var(--ks-accent-ink);
    text-underline-offset: 3px;
  }

  .prose .image {
    color: var(--ks-ink-3);
  }

  .table {
    overflow-x: auto;
    border: 1px solid var(--ks-border);
    border-radius: var(--ks-radius);
  }

  .table table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--ks-text);
  }

  .table th,
  .table td {
    padding: var(--ks-2) var(--ks-3);
    text-align: start;
    vertical-align: top;
  }

  .table th {
    background: var(--ks-sunken);
    font-weight: 600;
    white-space: nowrap;
  }

  .table tbody tr {
    border-top: 1px solid var(--ks-border);
  }

  .table .right {
    text-align: end;
  }

  .table .center {
    text-align: center;
  }
`;
