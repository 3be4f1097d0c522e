// Every sentence of the page around the elements. What happened, what is safe, what to do; never a code alone.

const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export const strings = {
  brand: "keyseal",

  title: "Secure Store",

  nav: {
    label: "Views",
    keys: "Keys",
    playground: "Playground",
    usage: "Usage",
    security: "Security",
    activity: "Activity",
  },

  theme: {
    auto: "Theme: as the system",
    light: "Theme: light",
    dark: "Theme: dark",
  },

  connection: {
    on: "Connected",
    off: "Not reachable",
    label: (host: string, on: boolean) =>
      `Companion ${host}: ${on ? "connected" : "not reachable"}`,
  },

  lock: { now: "Lock the vault" },

  loading: "Opening your vault…",

  signIn: {
    title: "Open this page by its link",
    none: "The companion prints a link when it starts. It carries the sign-in for this tab, once.",
    how: "Start the companion, or ask it for a fresh link:",
    command: "keyseal-server token",
    usedTitle: "This link was used already, or has run out",
    used: "Each link works once, for ten minutes. Your keys are still where they were.",
    endedTitle: "Your sign-in has ended",
    ended: "Sign-ins last for a day. Your keys are still where they were.",
    awayTitle: "The companion cannot be reached",
    away: "The link has not been used up. Check that the companion runs, then try again.",
  },

  startFailed: {
    title: "The page could not start",
    retry: "Try again",
  },

  frame: {
    account: "Account",
    companion: "Companion",
    shownIn: "Shown in",
    ownWindow: "Open in its own window",
    ownWindowWhy:
      "A window with an address bar: there you see for yourself whose page you paste into.",
    noWindow: "The browser opened no window. The page around, or a blocker, does not let it.",
    smallTitle: "There is too little room here",
    small:
      "The page around gives this frame less room than it takes to show what you agree to. Nothing can be done here until there is more.",
    covered:
      "Nothing was done: something of the page around covers this. Scroll until all of it can be seen, or open it in its own window.",
    failedTitle: "Your keys cannot be shown here",
    noStorage: "Your browser gives this frame no storage of its own.",
    noStorageNext:
      "Keys kept only in this browser last until you leave this page. Keys on all your devices are not affected.",
    otherTitle: "Is this you?",
    other: (parent: string) => `${parent} now names another account than the last time:`,
    otherNext:
      "Keys that you add would be sealed for that account, and whoever has it could use them.",
    agree: "Yes, go on with this account",
    askAgain: "No, ask the page again",
  },

  playground: {
    title: "Playground",
    lead: "A chat through the companion, under your own key.",
    key: "Key",
    inOrder: (provider: string) => `${provider}: in order`,
    model: "Model",
    modelPlaceholder: "Name a model",
    modelMissing: "Name a model first.",
    clear: "New chat",
    message: "Message",
    placeholder: "Say something",
    send: "Send",
    stop: "Stop",
    transcript: "Conversation",
    you: "You",
    answer: "Answer",
    noKeysTitle: "No key that can chat",
    noKeys: "Add a key of a provider with chat, and talk to it here.",
    toKeys: "Go to Keys",
    emptyTitle: "Ask something",
    empty: (host: string) =>
      `Your message goes to ${host}, which puts your key into that one request.`,
    stopped: "stopped",
    platform: "the operator’s key",
    forward: "forward",
    tokens: (n: number) => plural(n, "token"),
    cutShort: "The answer broke off before its end.",
    noText: "The answer held no text.",
  },
} as const;
