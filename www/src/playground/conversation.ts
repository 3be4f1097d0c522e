/** What a conversation is, whatever keeps or shows it. */

/** Which model is asked: one of a provider's, or whichever the companion picks. */
export type Choice = { provider: string; model: string } | "auto";

export interface Key {
  hint: string;
  label: string;
}

/** What is known of an answer besides its text. It is kept, so it holds nothing but what is shown. */
export interface Told {
  model: string;
  /** Null where nothing said which key it was. */
  key: Key | "platform" | null;
  /** The key whose turn it was, where another one served. */
  passed?: Key | undefined;
  path: "forward" | "envelope" | "relay";
  tokens: { input: number | null; output: number | null; total: number | null };
  /** US dollars, as the provider says; null: it does not. */
  costUsd: number | null;
  /** The stream ended as the provider ends streams, not by a broken connection. */
  complete: boolean;
}

export interface Failure {
  code: string;
  message: string;
  next: string;
}

export interface Turn {
  role: "user" | "assistant";
  content: string;
  told?: Told;
  failure?: Failure;
  stopped?: boolean;
}

export interface Conversation {
  id: string;
  title: string;
  /** Somebody gave it its title: the first message no longer does. */
  named: boolean;
  choice: Choice | null;
  turns: readonly Turn[];
}

const TITLE_LETTERS = 60;

export function newConversation(choice: Choice | null): Conversation {
  return { id: crypto.randomUUID(), title: "", named: false, choice, turns: [] };
}

/** The first line of the first message, short. */
export function titleOf({ turns }: Pick<Conversation, "turns">): string {
  const first = turns.find(({ role }) => role === "user")?.content.trim() ?? "";
  const letters = [...(first.split("\n")[0] ?? "")];
  if (letters.length <= TITLE_LETTERS) return letters.join("");
  return `${letters.slice(0, TITLE_LETTERS).join("").trimEnd()}…`;
}

export interface Message {
  role: "user" | "assistant";
  content: string;
}

/**
 * What goes to the model: all that was said so far, whichever models said it. Answers that never came are left out;
 * where that leaves two messages of one side in a row they are joined, since some providers refuse such.
 */
export function messagesOf(turns: readonly Turn[]): Message[] {
  const messages: Message[] = [];
  for (const { role, content } of turns) {
    if (!content) continue;
    const last = messages.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else messages.push({ role, content });
  }
  return messages;
}

/** Whether all of `earlier` stands at the start of `later`: writing the later one then loses nothing. */
export function continues(later: Conversation, earlier: Conversation): boolean {
  return earlier.turns.every((turn, at) => {
    const same = later.turns[at];
    if (same?.role !== turn.role) return false;
    // An answer that was still coming was kept as far as it had come.
    const growing = at === earlier.turns.length - 1 && turn.role === "assistant";
    return growing ? same.content.startsWith(turn.content) : same.content === turn.content;
  });
}
