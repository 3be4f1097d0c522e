import { css, html, nothing, type TemplateResult } from "lit";
import { icons } from "./icons.js";

/** What is wrong, or worth knowing, right now; with what can be done about it. */
export function notice(
  kind: "info" | "warn" | "bad",
  what: string,
  next: string | undefined,
  action: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`
    <div class="notice ${kind}">
      ${kind === "info" ? icons.info : icons.warn}
      <p><strong>${what}</strong> ${next}</p>
      ${action}
    </div>
  `;
}

export const notices = css`
  .notices {
    display: grid;
    gap: var(--ks-2);
  }

  .notices:has(.notice) {
    margin-bottom: var(--ks-6);
  }

  .notice {
    display: flex;
    align-items: center;
    gap: var(--ks-3);
    padding: var(--ks-3) var(--ks-4);
    border-radius: var(--ks-radius);
  }

  .notice p {
    flex: 1;
    color: var(--ks-ink-2);
  }

  .notice strong {
    color: var(--ks-ink);
    font-weight: 500;
  }

  .notice.info {
    background: var(--ks-accent-soft);
    color: var(--ks-accent-ink);
  }

  .notice.warn {
    background: var(--ks-warn-soft);
    color: var(--ks-warn);
  }

  .notice.bad {
    background: var(--ks-bad-soft);
    color: var(--ks-bad);
  }

  @media (max-width: 40rem) {
    .notice {
      flex-wrap: wrap;
    }

    .notice p {
      flex-basis: 70%;
    }
  }
`;
