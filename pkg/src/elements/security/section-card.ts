import { css } from "lit";

/** The card of a section that stands below its heading. */
export const sectionCard = css`
  .card {
    display: grid;
    gap: var(--ks-3);
    margin-top: var(--ks-3);
    padding: var(--ks-4) var(--ks-5);
  }

  .card > p {
    max-width: 44rem;
  }

  .about {
    color: var(--ks-ink-2);
  }

  @media (max-width: 40rem) {
    .card {
      padding: var(--ks-4);
    }
  }
`;
