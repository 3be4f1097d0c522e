// The one place that knows zxcvbn; loaded when somebody types a new passphrase.

import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

/** What is longer is strong, or the same again; measuring it takes time that grows with its length. */
const MOST = 64;

export interface Guessed {
  /** From 0, guessed at once, to 4. */
  score: 0 | 1 | 2 | 3 | 4;
  /** What makes it easy to guess, by zxcvbn's name for it; empty for nothing. */
  warning: string;
}

let zxcvbn: ZxcvbnFactory | undefined;

export function guess(passphrase: string): Guessed {
  zxcvbn ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const { score, feedback } = zxcvbn.check(passphrase.slice(0, MOST));
  return { score, warning: feedback.warning ?? "" };
}
