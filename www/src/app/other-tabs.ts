// Signed in once, in all tabs of this browser: a new tab asks the others of its origin for the token, which never lies
// anywhere that outlasts them.

const CHANNEL = "keyseal.sign-in";
/** How long the others may take to answer; with none there, a new tab waits for nothing. */
const PATIENCE_MS = 250;

interface Question {
  ask: true;
}

interface Answer {
  token: string;
}

/** Answers new tabs with what `token` gives, as long as it gives one. */
export function answerOtherTabs(token: () => string | undefined): void {
  const channel = open();
  if (!channel) return;
  channel.onmessage = ({ data }: MessageEvent<Partial<Question & Answer>>) => {
    const known = data.ask && token();
    if (known) channel.postMessage({ token: known } satisfies Answer);
  };
}

/** The token of another tab that is signed in. */
export async function askOtherTabs(): Promise<string | undefined> {
  const channel = open();
  if (!channel) return undefined;
  try {
    return await new Promise((resolve) => {
      const none = setTimeout(() => resolve(undefined), PATIENCE_MS);
      channel.onmessage = ({ data }: MessageEvent<Partial<Question & Answer>>) => {
        if (typeof data.token !== "string") return;
        clearTimeout(none);
        resolve(data.token);
      };
      channel.postMessage({ ask: true } satisfies Question);
    });
  } finally {
    channel.close();
  }
}

function open(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    // A sandboxed page has none: each tab is then signed in by itself.
    return undefined;
  }
}
