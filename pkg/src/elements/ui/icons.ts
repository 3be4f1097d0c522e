import { svg, type TemplateResult } from "lit";

/** A handful of line icons on a 16-unit grid. They repeat what words say, and are hidden from screen readers. */
function icon(paths: TemplateResult, size = 16): TemplateResult {
  return svg`<svg
    aria-hidden="true" width=${size} height=${size} viewBox="0 0 16 16" fill="none"
    stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"
  >${paths}</svg>`;
}

export const icons = {
  plus: icon(svg`<path d="M8 3.5v9M3.5 8h9" />`),
  more: icon(
    svg`<g fill="currentColor" stroke="none"><circle cx="3.5" cy="8" r="1.3" /><circle cx="8" cy="8" r="1.3" /><circle cx="12.5" cy="8" r="1.3" /></g>`,
  ),
  grip: icon(
    svg`<g fill="currentColor" stroke="none"><circle cx="6" cy="4" r="1.1" /><circle cx="10" cy="4" r="1.1" /><circle cx="6" cy="8" r="1.1" /><circle cx="10" cy="8" r="1.1" /><circle cx="6" cy="12" r="1.1" /><circle cx="10" cy="12" r="1.1" /></g>`,
  ),
  close: icon(svg`<path d="m4 4 8 8M12 4l-8 8" />`),
  check: icon(svg`<path d="m3.5 8.5 3 3 6-7" />`),
  cross: icon(svg`<path d="m4.5 4.5 7 7M11.5 4.5l-7 7" />`),
  warn: icon(svg`<path d="M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.4v.1" />`),
  info: icon(svg`<circle cx="8" cy="8" r="5.75" /><path d="M8 7.4v3.4M8 5.2v.1" />`),
  devices: icon(
    svg`<path d="M2.5 10V4.2A1.2 1.2 0 0 1 3.7 3h7.1M1.5 12.5h6" /><rect x="9.5" y="5.5" width="5" height="8" rx="1" />`,
  ),
  browser: icon(
    svg`<rect x="2" y="3" width="12" height="10" rx="1.5" /><path d="M2 6h12M4.2 4.5h.1" />`,
  ),
  server: icon(
    svg`<rect x="2.5" y="2.5" width="11" height="4.5" rx="1" /><rect x="2.5" y="9" width="11" height="4.5" rx="1" /><path d="M5 4.75h.1M5 11.25h.1" />`,
  ),
  cloud: icon(
    svg`<path d="M4.5 12.5a2.9 2.9 0 0 1-.3-5.8 4 4 0 0 1 7.7.9 2.5 2.5 0 0 1-.4 4.9h-7Z" />`,
  ),
  seal: icon(
    svg`<rect x="3" y="7" width="10" height="6.5" rx="1.5" /><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2" />`,
  ),
  send: icon(svg`<path d="M8 13V3.5M4 7.2l4-4 4 4" />`),
  stop: icon(svg`<rect x="4.5" y="4.5" width="7" height="7" rx="1" fill="currentColor" />`),
  auto: icon(
    svg`<circle cx="8" cy="8" r="5.5" /><path d="M8 2.5a5.5 5.5 0 0 1 0 11Z" fill="currentColor" />`,
  ),
  light: icon(
    svg`<circle cx="8" cy="8" r="2.8" /><path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7" />`,
  ),
  dark: icon(svg`<path d="M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6Z" />`),
  out: icon(svg`<path d="M6 3.5H3.5v9h9V10M9 3h4v4M13 3 7.5 8.5" />`, 14),
  key: icon(svg`<circle cx="5.5" cy="8" r="2.8" /><path d="M8.3 8h5.7M12 8v2.4" />`),
};
