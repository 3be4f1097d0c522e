import { css } from "lit";

/**
 * Everything that can be set about the looks. Elements read `--ks-…` and nothing else; a page sets `--keyseal-…`, on
 * an element or anywhere above it. Light or dark is what `color-scheme` says there.
 */
export const tokens = css`
  :host {
    /* Steps of 4 px. */
    --ks-1: 0.25rem;
    --ks-2: 0.5rem;
    --ks-3: 0.75rem;
    --ks-4: 1rem;
    --ks-5: 1.25rem;
    --ks-6: 1.5rem;
    --ks-8: 2rem;
    --ks-12: 3rem;

    /* Two sizes for text, two for headings. */
    --ks-text: var(--keyseal-text, 0.875rem);
    --ks-text-large: var(--keyseal-text-large, 1rem);
    --ks-heading: var(--keyseal-heading, 1.125rem);
    --ks-title: var(--keyseal-title, 1.5rem);
    --ks-line: var(--keyseal-line, 1.45);
    --ks-font: var(--keyseal-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif);
    --ks-mono: var(--keyseal-mono, ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace);

    --ks-radius: var(--keyseal-radius, 8px);
    --ks-radius-small: var(--keyseal-radius-small, 6px);
    --ks-radius-large: var(--keyseal-radius-large, 12px);
    --ks-motion: var(--keyseal-motion, 140ms ease-out);

    /* Surfaces, from the back to the front. */
    --ks-back: var(--keyseal-back, light-dark(#f6f6f8, #0e0f12));
    --ks-surface: var(--keyseal-surface, light-dark(#ffffff, #16171b));
    --ks-sunken: var(--keyseal-sunken, light-dark(#f1f1f4, #1e1f25));
    --ks-hover: var(--keyseal-hover, light-dark(#f5f5f8, #1d1e24));
    --ks-border: var(--keyseal-border, light-dark(#e2e2e8, #2a2b33));
    --ks-border-strong: var(--keyseal-border-strong, light-dark(#8c8c99, #6d6e7b));
    --ks-shadow: var(--keyseal-shadow, 0 1px 2px light-dark(rgb(20 20 40 / 6%), rgb(0 0 0 / 40%)));
    --ks-shadow-high: var(--keyseal-shadow-high, 0 12px 40px light-dark(rgb(20 20 40 / 18%), rgb(0 0 0 / 60%)));
    --ks-veil: var(--keyseal-veil, light-dark(rgb(20 20 30 / 35%), rgb(0 0 0 / 60%)));

    --ks-ink: var(--keyseal-ink, light-dark(#17181c, #ededf1));
    --ks-ink-2: var(--keyseal-ink-2, light-dark(#50515c, #b4b5c0));
    --ks-ink-3: var(--keyseal-ink-3, light-dark(#666772, #9596a2));

    /* One accent. */
    --ks-accent: var(--keyseal-accent, light-dark(#3451d1, #4a66e8));
    --ks-accent-hover: var(--keyseal-accent-hover, light-dark(#2a43b3, #3f59d6));
    --ks-on-accent: var(--keyseal-on-accent, #ffffff);
    --ks-accent-ink: var(--keyseal-accent-ink, light-dark(#2f49bd, #a3b3ff));
    --ks-accent-soft: var(--keyseal-accent-soft, light-dark(#eef1fd, #1d2340));

    /* What things mean: text on its own ground. */
    --ks-ok: var(--keyseal-ok, light-dark(#0f6a3a, #6bd79d));
    --ks-ok-soft: var(--keyseal-ok-soft, light-dark(#e5f5ec, #13281d));
    --ks-warn: var(--keyseal-warn, light-dark(#855000, #f2bb66));
    --ks-warn-soft: var(--keyseal-warn-soft, light-dark(#fdf1dd, #2d2312));
    --ks-bad: var(--keyseal-bad, light-dark(#b0251d, #ff958c));
    --ks-bad-soft: var(--keyseal-bad-soft, light-dark(#fdeceb, #341917));
    --ks-bad-fill: var(--keyseal-bad-fill, light-dark(#c22f26, #c93b32));
    --ks-quiet: var(--keyseal-quiet, light-dark(#565762, #a9aab5));
    --ks-quiet-soft: var(--keyseal-quiet-soft, light-dark(#f0f0f3, #222329));

    /* Parts of a chart, the largest first. Each has a pattern of its own besides. */
    --ks-chart-1: var(--keyseal-chart-1, light-dark(#3451d1, #7f95ff));
    --ks-chart-2: var(--keyseal-chart-2, light-dark(#b45309, #eda550));
    --ks-chart-3: var(--keyseal-chart-3, light-dark(#0f766e, #45c4b4));
    --ks-chart-4: var(--keyseal-chart-4, light-dark(#a3195b, #f283ae));
    --ks-chart-5: var(--keyseal-chart-5, light-dark(#6d28d9, #b99af7));
    --ks-chart-6: var(--keyseal-chart-6, light-dark(#64748b, #97a3b5));
  }

  @media (prefers-reduced-motion: reduce) {
    :host {
      --ks-motion: 0ms;
    }
  }
`;
