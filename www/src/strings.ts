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

  lock: {
    now: "Lock the vault",
    locked: "The vault is locked: unlock it at the top of the page",
    what: "Lock the vault: the keys that live only in this browser, and your conversations",
  },

  loading: "Opening your vault…",

  chatWith: "Chat with it",

  signIn: {
    title: "Open this page by its link",
    none: "The companion prints a link when it starts. It signs this browser in, once.",
    howInClone: "If npm start runs it, this prints a fresh link, in the same folder:",
    commandInClone: "npm run link",
    how: "Otherwise this does, where the companion runs:",
    command: "keyseal-server token",
    usedTitle: "This link does not work any more",
    used: "Each link works once, for ten minutes, and only at the companion that printed it. Your keys are still where they were.",
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
    otherTitle: "Is this you?",
    other: (parent: string) => `${parent} now names another account than the last time:`,
    otherNext:
      "Keys that you add would be sealed for that account, and whoever has it could use them.",
    agree: "Yes, go on with this account",
    askAgain: "No, ask the page again",
  },

  problem: (code: string) => `code: ${code}`,

  playground: {
    title: "Playground",
    lead: "Chat under your own keys. Messages go to the provider; the conversations are kept in this browser alone, sealed in its vault.",
    leadPassing:
      "Chat under your own keys. Messages go to the provider. This browser stores nothing: closing the page ends it.",

    list: "Conversations",
    showList: "Conversations",
    newChat: "New chat",
    search: "Find a conversation",
    noneFound: "None of that name.",
    noneYet: "What you talk about is kept here.",
    locked: "The vault is locked, and your conversations with it.",
    lockedNext: "Unlock the vault to read them. Keys on all your devices go on working here.",
    unreadable: (n: number) =>
      `${plural(n, "conversation")} of a vault that is gone cannot be read any more.`,
    removeUnreadable: "Remove",
    more: (title: string) => `More for ${title}`,
    rename: "Rename…",
    remove: "Delete…",
    name: "Name",
    save: "Save",
    cancel: "Cancel",
    removeTitle: "Delete this conversation?",
    removeBody: (title: string) =>
      `“${title}” is removed from this browser, and nothing brings it back. The provider may have a copy of its own.`,
    removeNow: "Delete",
    keep: "Keep it",
    untitled: "New chat",
    second: (title: string) => `${title} (2)`,
    parted: (title: string) =>
      `Another tab goes on with this conversation. What is said here is kept as “${title}”.`,
    notKept: "This conversation could not be stored.",
    notKeptNext: "Free some of this site’s storage. It stays here as long as the page is open.",
    notKeptLocked: "Not kept while the vault is locked.",
    dismiss: "OK",

    key: "Key",
    inOrder: "Any key, in order",
    model: "Model",
    chosen: (model: string, provider: string) => `Model: ${model}, ${provider}`,
    auto: "Auto",
    autoText: "The companion picks: your first key’s usual model.",
    companion: "companion",
    findModel: "Find or name a model",
    models: "Models",
    modelsLoading: "Asking your providers…",
    notListed: "no list came: name any model",
    moreModels: (n: number) => `${n} more: type to find them`,
    useModel: (model: string, provider: string) => `Use “${model}” of ${provider}`,
    modelMissing: "Choose a model first.",

    message: "Message",
    placeholder: "Say something",
    send: "Send",
    stop: "Stop",
    editing: "You are changing an earlier message. What came after it is replaced.",
    toEnd: "To the end",

    transcript: "Conversation",
    you: "You",
    answer: "Answer",
    thinking: "Waiting for the answer…",
    isAnswering: "The answer is coming.",
    answered: (text: string) => `Answer: ${text}`,
    ended: "The answer has ended.",
    edit: "Edit",
    copy: "Copy",
    copied: "Copied",
    copyCode: "Copy code",
    code: (lang: string) => (lang ? `Code, ${lang}` : "Code"),
    table: "Table",
    image: (alt: string) => (alt ? `Image, not loaded: ${alt}` : "Image, not loaded"),
    imageLink: "its address",
    retry: "Try again",
    again: "Answer again",

    noKeysTitle: "No key that can chat",
    noKeys: "Add a key of a provider with chat, and talk to it here.",
    toKeys: "Go to Keys",
    emptyTitle: "What shall we talk about?",
    empty: (host: string) =>
      `Your message goes by way of ${host}. The line under each answer says which key was used, how it went there and what it took.`,
    suggestions: [
      "Explain public-key encryption to a ten-year-old",
      "Write a haiku about a locked drawer",
      "Show me a table of three sorting algorithms, with their cost",
    ],

    stopped: "stopped by you",
    interrupted: "Interrupted: the page was closed before the answer came.",
    platform: "the operator’s key",
    insteadOf: "in place of",
    insteadTitle:
      "That key comes first, and did not serve: the provider refused it, or asked it to wait, or it could not be used. Its line under Keys says more.",
    forward: "forward",
    envelope: "envelope",
    relay: "relay",
    paths: {
      forward:
        "The companion opened the key in memory to send this request, and could read what was said. It forgets the key soon after: within a minute, where its operator has not set another time.",
      envelope:
        "This browser sealed the key into this one request. The companion opened it in memory to send it, could read what was said, and stores neither.",
      relay: "The companion passed on encrypted bytes and could read neither key nor words.",
    },
    tokens: (n: number) => plural(n, "token"),
    tokensTitle: (input: number, output: number) =>
      `${plural(input, "token")} in, ${output} out, as the provider counted.`,
    noTokens: "tokens unknown",
    cost: (usd: number) =>
      usd === 0 ? "free" : usd < 0.0001 ? "less than $0.0001" : `$${Number(usd.toPrecision(2))}`,
    noCost: "cost not told",
    noCostTitle:
      "The provider did not say what it took. Usage estimates it where the model’s price is known.",
    cutShort: "Interrupted: the answer broke off before its end.",
    noText: "The answer held no text.",
    providerSays: (text: string) => `It says: “${text}”.`,

    failures: {
      http_400: {
        message: (provider: string) => `${provider} does not take this request.`,
        next: "Try another model, or a shorter conversation.",
      },
      http_401: {
        message: (provider: string) => `${provider} refused the key.`,
        next: "Test it under Keys, and enter it again if it was replaced there.",
      },
      http_402: {
        message: (provider: string) => `The account at ${provider} has no credit.`,
        next: "Top it up there, or choose another key.",
      },
      http_403: {
        message: (provider: string) => `${provider} does not let this key do that.`,
        next: "Choose another model or key, or widen the key’s permissions there.",
      },
      http_404: {
        message: (provider: string) => `${provider} has no such model for this key.`,
        next: "Choose another model.",
      },
      http_413: {
        message: () => "The conversation is too long for this model.",
        next: "Start a new chat, or choose a model with more room.",
      },
      http_429: {
        message: (provider: string) =>
          `${provider} asks to wait, or the account’s limit is reached.`,
        next: "Try again in a minute, or choose another key.",
      },
      http_500: {
        message: (provider: string) => `${provider} had a failure of its own.`,
        next: "Try again, or choose another provider.",
      },
      upstream_error: {
        message: (provider: string) => `${provider} broke the answer off with an error.`,
        next: "Try again, or choose another model.",
      },
      other: {
        message: (provider: string) => `No answer came from ${provider}.`,
        next: "Try again.",
      },
    },
  },
} as const;
