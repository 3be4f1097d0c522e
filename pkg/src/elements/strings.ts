// Every sentence of the elements, in one place. What happened, what is safe, what to do; never a code alone.

import type { Category, Slot, Status, Storage } from "../index.js";

const vowelSound = /^([aeio]|u[^s]|xai|nvidia|lmnt|fal\b)/i;
const withArticle = (name: string) => `${vowelSound.test(name) ? "an" : "a"} ${name}`;
const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export const notice = {
  away: "The companion cannot be reached. This is what this browser knows; nothing is lost.",
  awayNext: "Looking again every few seconds.",
  memoryOnly: "This browser stores nothing, as in a private window.",
  memoryOnlyNext:
    "Keys that you keep only in this browser last until you close this tab. Keys on all your devices are not affected.",
  frameMemoryOnly: "Your browser gives this frame no storage of its own.",
  frameMemoryOnlyNext:
    "Keys kept only in this browser last until you leave this page. Keys on all your devices are not affected.",
  retry: "Try now",
  dismiss: "OK",
} as const;

export const problem = (code: string) => `code: ${code}`;

export const lock = {
  now: "Lock the vault",
  what: "Lock the vault: the keys that live only in this browser, and what apps keep sealed here",
} as const;

export const unlock = {
  title: "The vault is locked",
  text: "Keys that live only in this browser, and what apps keep sealed here, wait until you unlock it. Keys on all your devices go on working.",
  device: "Unlock on this device",
  passkey: "Unlock with a passkey",
  passphrase: "Passphrase",
  recovery: "Recovery code",
  instead: {
    passphrase: "Use the passphrase instead",
    recovery: "Use the recovery code instead",
  },
  submit: "Unlock",
  busy: "Unlocking…",
  wrong: "That does not unlock the vault.",
  wrongNext:
    "Try again, or unlock in another way. After each wrong try the next one takes longer; you are never locked out.",
  passkeyForbidden: "The page around this one does not allow passkeys here.",
  passkeyForbiddenNext:
    "Use a passphrase or a recovery code. Whoever made that page can allow passkeys in its frame.",
  passkeyNumber: "Passkeys belong to names, and the address of this page is a number.",
  passkeyNumberNext: "Open the page by a name, such as localhost, or use a passphrase.",
  passkeyPerhaps: "Some browsers allow no passkeys in a page inside another one.",
  cannot: "I cannot unlock it, or want to start again",
  startOver: {
    title: "Give up this vault?",
    body: (count: number) =>
      `The ways to unlock it are removed. ${
        count === 1 ? "The key" : `All ${count} keys`
      } that only this browser has can then not be opened any more, and must be pasted again; their labels and places stay. What apps have sealed here, such as conversations, cannot be read any more. Keys on all your devices are not affected.`,
    confirm: "Give up the vault",
    cancel: "Keep it",
  },
} as const;

export const autoLock = {
  title: "Locking",
  autoLock: "Lock by itself",
  help: "When no key of this browser was used, in any tab.",
  never: "Never",
  after: (minutes: number) =>
    minutes % 60 === 0
      ? `After ${plural(minutes / 60, "hour")}`
      : `After ${plural(minutes, "minute")}`,
  lockNow: "Lock now",
  locked: "It is locked. Unlock it at the top of this page.",
  notDurable:
    "This browser has not promised to keep the site’s storage: it may clear it when space runs short. Export your keys to a file, or keep them on all your devices.",
} as const;

export const envelopes = {
  title: "Keys only in this browser",
  text: "Their requests go by the blind relay: the companion passes them on and can read neither the key nor the request. Some requests cannot go that way: where WebSockets are blocked, where the provider is not relayed to, or in an app without the relay.",
  allow: (host: string) => `Then let ${host} open the key for that one request`,
  consequence:
    "It reads the key and the request while it sends them on, and stores neither. A companion that wants to read them need only refuse to relay. Off: such a request fails.",
} as const;

export const keys = {
  title: "Secure Store",
  lead: "Keys are sealed in this browser before anything leaves it.",
  how: "How it works",
  howSteps: [
    {
      title: "Sealed here",
      text: "When you press Seal and store, the key is encrypted inside this page, before anything is stored or sent. It is never shown again, to you either.",
    },
    {
      title: "Stored as ciphertext",
      text: "On the companion, in this browser, or both: always encrypted, bound to you and to one provider.",
    },
    {
      title: "Used, not handed out",
      text: "Requests go through the companion, which puts the key into that one request; or past it, encrypted up to the provider. Apps never hold it.",
    },
  ],
  add: "Add a key",
  loading: "Loading your keys…",
  emptyTitle: "No keys yet",
  empty:
    "Paste an API key of OpenAI, Anthropic, Google or another provider. Apps can then use it without ever holding it, until you turn it off or revoke it here.",
  tryDemo: "Try it with a demo key",
  group: (count: number) => (count === 1 ? "1 key" : `${count} keys, used in this order`),
  list: (provider: string) => `${provider} keys`,
  row: (provider: string, hint: string, label: string) =>
    `${provider} key ${hint}${label ? `, ${label}` : ""}`,
  noLabel: "No label",
  relay: "relay",
  used: (ago: string) => `used ${ago}`,
  test: "Test",
  testing: "Testing…",
  enterAgain: "Enter again",
  enterAgainWhy:
    "What is stored can no longer be opened, so it is not used. Paste the key again; label and place stay.",
  expires: (when: string) => `until ${when}`,
  budget: (left: string, of: string) => `${left} left of ${of}`,
  custom: (host: string) => `at ${host}`,
  move: (hint: string) => `Move ${hint}: arrow keys change the order of use`,
  moved: (hint: string, place: number, of: number) => `${hint} is now number ${place} of ${of}.`,
  tested: (hint: string, said: string) => `${hint}: ${said}.`,
  revoked: (hint: string) => `${hint} is revoked.`,
  revokeWaits: (hint: string) => `${hint} will be revoked when the companion is back.`,
  pending: {
    update: "Changed here. The companion hears of it when it can be reached again.",
    revoke:
      "It is revoked as soon as the companion can be reached. Until then it goes on existing there.",
  },
  off: (hint: string) => `${hint} is turned off.`,
  on: (hint: string) => `${hint} is turned on.`,
} as const;

export const menu = {
  open: (hint: string) => `More for ${hint}`,
  test: "Test now",
  rename: "Rename",
  limits: "End date and budget…",
  replace: "Replace the key…",
  up: "Move up",
  down: "Move down",
  turnOff: "Turn off",
  turnOn: "Turn on",
  revoke: "Revoke…",
} as const;

export const rename = { label: "Label", save: "Save", cancel: "Cancel" } as const;

export const status = {
  untested: "Not tested",
  valid: "Valid",
  limited: "Limited",
  invalid: "Refused",
  unknown: "Not clear yet",
  off: "Off",
  expired: "Expired",
  reentry: "Cannot be opened",
  revoking: "Waiting to be revoked",
  spent: "Budget used up",
  resting: "Resting",
  restingFor: (time: string) => `${time} (429)`,
  restingWhy: "The provider asked for a pause. Other keys serve meanwhile.",
  spentWhy: "Requests under this key stop until its budget is raised or begins anew.",
} satisfies Record<
  Status | "off" | "expired" | "reentry" | "revoking" | "spent" | "resting",
  string
> &
  Record<string, unknown>;

export const storage = {
  synced: "All devices",
  browser: "This browser only",
} satisfies Record<Storage, string>;

export const revoke = {
  title: (provider: string) => `Revoke this ${provider} key?`,
  body: (hint: string, label: string, storage: Storage) =>
    `${hint}${label ? ` (${label})` : ""} is destroyed ${
      storage === "synced" ? "on the companion and in every browser" : "in this browser"
    }. Apps stop using it at once. This cannot be undone.`,
  provider: (name: string) =>
    `The key itself goes on existing at ${name}. If it may have leaked, delete it there too.`,
  dashboard: (name: string) => `Your keys at ${name}`,
  confirm: "Revoke key",
  cancel: "Keep it",
} as const;

const categoryUse = {
  llm: "text and chat",
  image: "images",
  video: "video",
  audio: "speech and audio",
  research: "search and research",
} satisfies Record<Category, string>;

export const add = {
  title: "Add a key",
  sealedFor: (account: string, companion: string) =>
    `Sealed for the account ${account}, at ${companion}.`,
  replaceTitle: (name: string) => `Replace this ${name} key`,
  replaceLead: (hint: string) =>
    `The new key takes the place of ${hint}; label, order and history stay.`,
  paste: "API key",
  pasteHelp: "Paste it here. It is sealed in this browser and never shown again.",
  noKey: "No key at hand?",
  toWizard: "Choose a provider first",
  or: "or",
  useDemo: "Use a demo key",
  length: (count: number) => `(${plural(count, "character")}, shown as dots)`,
  signIn: (name: string) => `Get a key by signing in to ${name}`,
  allowed: {
    title: "What the key will be used for",
    canDemo: "Apps that you use here can chat with the demo. It costs nothing.",
    cannotDemo: "They cannot read the key, or use it for anyone else.",
    can: (name: string, kinds: readonly (keyof typeof categoryUse)[]) =>
      `Apps that you use here can make requests at ${name}${
        kinds.length ? ` (${kinds.map((kind) => categoryUse[kind]).join(", ")})` : ""
      }, paid from your account there.`,
    cannot: (name: string) =>
      `They cannot read the key, use it for anyone else, or manage your account at ${name}.`,
  },
  more: "End date and budget",
  clipboard: "The key may still be in your clipboard.",
  clearClipboard: "Clear the clipboard",
  clipboardCleared: "The clipboard is empty.",
  looksLike: (name: string) => `Looks like ${withArticle(name)} key`,
  maybe: (name: string, others: readonly string[]) =>
    `Probably ${withArticle(name)} key; it could also be ${others.join(" or ")}`,
  unsure: "It does not say whose key it is: choose the provider",
  alreadyHere: "A key with this mask is in your list already.",
  chosen: (name: string) => `Will be stored as ${withArticle(name)} key`,
  provider: "Provider",
  choose: "Choose…",
  whereToGet: (name: string) => `Where ${name} makes keys`,
  host: "Your endpoint’s host",
  hostHelp: "Such as my-resource.openai.azure.com. It is sealed into the key.",
  label: "Label",
  optional: "optional",
  labelFull: "A label has at most 60 letters.",
  ownEndpoint:
    "Not in the list? An endpoint of your own goes under a provider that asks for its host, such as Azure OpenAI; the companion’s operator decides which hosts are allowed.",
  labelPlaceholder: "prod, personal, …",
  where: "Where it lives",
  synced: "On all my devices",
  syncedText: (host: string) =>
    `Stored sealed on ${host}. That server can open it, and does so in memory for requests that use it. This browser cannot.`,
  browser: "Only in this browser",
  browserText: (host: string) =>
    `Stored encrypted here and nowhere else. Each request carries it sealed to ${host}, which opens it for that request and can read what is said. Not on your other devices.`,
  ownText: (host: string) =>
    `Stored encrypted here and nowhere else. The demo is a part of ${host}, which opens the key for each request; requests to real providers it passes on and cannot read. Not on your other devices.`,
  relayedText:
    "Stored encrypted here and nowhere else. The companion passes your requests on and cannot read them; one that it cannot pass on so fails. Not on your other devices.",
  browserMemory: "This window stores nothing: gone when you close it.",
  submit: "Seal and store",
  cancel: "Cancel",
  close: "Close",
  missingKey: "Paste a key first.",
  missingProvider: "Choose whose key it is.",
  otherwise: (looks: string, chosen: string) =>
    `It looks like a key of ${looks}. It is one of ${chosen} all the same, and may be sent there.`,
  wrongProvider: (looks: string) =>
    `This looks like a key of ${looks}. Choose ${looks}, or tick the box below the key.`,
  missingHost: "Name your endpoint’s host.",
  steps: { sealing: "Sealing", storing: "Storing", testing: "Testing" },
  stepsDone: { sealing: "Sealed", storing: "Stored", testing: "Tested" },
  stepHelp: {
    sealing: "encrypted in this browser",
    storingSynced: (host: string) => `ciphertext only, on ${host}`,
    storingBrowser: "encrypted, in this browser",
    testing: (name: string) => `asking ${name}`,
    tested: (name: string) => `asked ${name}`,
    unclear: (name: string) => `no clear answer from ${name} yet`,
  },
  testUnclear: "Not clear",
  testSkipped: "No free test at this provider",
  result: {
    valid: (name: string) => `${name} accepts this key`,
    limited: (name: string) => `${name} accepts this key, within limits`,
    invalid: (name: string) => `${name} refused this key`,
    unknown: (name: string) => `Not clear yet whether ${name} accepts this key`,
    untested: "Stored, not tested",
  },
  resultText: {
    valid: "It is ready to use.",
    limited: "It is stored and will be used.",
    invalid:
      "It is stored all the same. Was all of it copied? Test it again later, replace it, or revoke it.",
    unknown: "It is stored and will be used. Test it again later.",
    untested: "It will be used as it is.",
  },
  testFailed: "The test could not be made",
  done: "Done",
  another: "Add another",
  notStored: "Nothing was stored. What you pasted is still in the field.",
} as const;

export const security = {
  title: "Security",
  lead: "Who can open what, and what is stored where.",
} as const;

export const companion = {
  title: "Companion",
  text: "Keys are sealed to this server’s identity. This browser has pinned it, and seals to no other.",
  address: "Address",
  fingerprint: "Fingerprint",
  firstSeen: (when: string) => `First seen by this browser on ${when}, and pinned.`,
  compare: "Compare",
  comparePlaceholder: "Paste the operator’s fingerprint",
  compareHelp: "Ask the operator for it over another channel, such as a call or a printed page.",
  same: "The same: keys go to whom you think.",
  other: "Not the same. Do not add keys before you know why.",
  none: "Not known yet: the companion has not been reached from this browser.",
  changed: "What if it changes?",
  changedText: [
    "Then this page refuses to seal anything to it, and says so with both fingerprints. What is stored stays as it is.",
    "An operator who moves to a new identity signs for it with the old one: that is followed by itself, and you see nothing of it.",
    "If it changed without that, ask the operator over another channel. If they do not know of it, somebody may stand between you: do not sign in again from here.",
    "If they do, ask them for the new fingerprint, and enter it here. Keys on all your devices may have to be entered again; those of this browser go on being used.",
  ],
  trustName: "The new fingerprint, from the operator",
  trustHelp:
    "As they tell you, and not as anything on this page says. Only a companion with exactly this one is taken for the same.",
  trust: "Trust the new identity",
} as const;

export const stored = {
  title: "What is stored where",
  text: "Open a record to see exactly what lies there. None of it is a key that can be read; label, provider, mask, times and the result of the test are not encrypted.",
  here: "This browser",
  hereText:
    "Keys that live only here are encrypted with a key that this browser holds and cannot show (IndexedDB, keyseal). Copies of the others are sealed to the companion. An app stores what is its own beside them, such as sealed conversations, or the sign-in of a tab.",
  there: "Companion",
  thereText:
    "Sealed to the companion’s key. It can open them, and does so in memory when one is stored, tested or used.",
  provider: "Provider",
  providerText: "Each provider knows its own keys. Revoking here does not delete them there.",
  nothing: "Nothing stored.",
  manage: (name: string) => `Keys at ${name}`,
  knows: (n: number) => `knows ${plural(n, "key")} that you use here.`,
  ciphertext: "sealed key",
  headers: "What can be read of the encrypted part: how it is encrypted (protected header).",
  records: {
    entry: "encrypted key",
    synced: "sealed copy",
    vault: "slots of the vault",
    pin: "the pinned companion",
    note: "what its tabs share",
  },
  check: "Check it yourself",
  checks: (url: string): readonly { claim: string; how: string; command?: string }[] => [
    {
      claim: "No key stands readable in this browser",
      how: "In the developer tools (F12): Application, or Storage in Firefox, then Local storage, then this site. The records are the ones above. Search them for the end of your key, which only the mask shows.",
    },
    {
      claim: "The companion is sent ciphertext only",
      how: "In the developer tools: Network, then add a key. The request to /api/v1/api-keys holds a sealedKey, and nothing else of it. To ask the companion what it stores, copy your token from one of its requests:",
      command: `curl -s -H "Authorization: Bearer $TOKEN" ${url}/api/v1/api-keys`,
    },
    {
      claim: "It is sealed as it says, to this companion’s key",
      how: "Any JOSE library reads the header and names the key; without the companion’s private key none opens it. The kid must be one of these:",
      command: `curl -s ${url}/.well-known/jwks.json\nnpm install jose\nnode -e 'import("jose").then((jose) => console.log(jose.decodeProtectedHeader(JSON.parse(process.argv[1]))))' "$RECORD"`,
    },
  ],
} as const;

export const usage = {
  title: "Usage",
  lead: "Requests that the companion sent under your keys, and what they probably cost. Those of the blind relay it cannot read: this browser counts them.",
  range: "Time",
  ranges: { month: "This month", days30: "30 days", days90: "90 days", year: "Year" },
  loading: "Adding up…",
  retry: "Try again",
  safe: "Requests go on being counted.",
  stale: "What you see here is from before.",
  emptyTitle: "Nothing went through the companion in this time",
  empty:
    "As soon as an app, or the playground, makes a request under one of your keys, it is counted here.",
  sums: {
    month: "This month, estimated",
    days30: "Last 30 days, estimated",
    days90: "Last 90 days, estimated",
    year: "Last 12 months, estimated",
  },
  unknown: "Cost unknown",
  more: (n: number) => `+ ${plural(n, "request")} of unknown price`,
  estimate: (from: string, to: string, prices: string) =>
    `${from === to ? from : `${from} to ${to}`} · list prices of ${prices}`,
  requests: "Requests",
  failedRequests: "Answered with an error",
  tokens: "Tokens",
  fees: "Fees of the operator",
  overTime: { day: "By day", week: "By week" },
  measure: "Bars show",
  measures: { cost: "Cost", requests: "Requests", tokens: "Tokens" },
  nothing: {
    cost: "No cost is known in this time.",
    requests: "No requests in this time.",
    tokens: "No tokens were counted in this time.",
  },
  others: "Others",
  note: (prices: string) =>
    `Estimates: what the provider said it charged, else list prices (${prices}). Discounts and batches of your contract are not in them; what the provider bills counts. Asking a provider for its list of models is a request too. Days are UTC.`,
} as const;

export const usageChart = {
  caption: {
    cost: (step: "day" | "week") => `Estimated cost by ${step} and provider`,
    requests: (step: "day" | "week") => `Requests by ${step} and provider`,
    tokens: (step: "day" | "week") => `Tokens by ${step} and provider`,
  },
  steps: { day: "Day", week: "Week of" },
  legend: "Providers, the largest first",
  asTable: "As a table",
  total: "In all",
  inAll: (amount: string) => `In all ${amount}.`,
  most: (name: string, amount: string) => `Most of it ${name}: ${amount}.`,
  tableBelow: "A table with all numbers follows.",
} as const;

export const usageTable = {
  all: (n: number) => `Show all ${n} rows`,
} as const;

export const usageBreakdown = {
  title: "In detail",
  by: "In detail by",
  names: { provider: "Provider", model: "Model", entry: "Key" },
  caption: (by: string) => `Usage by ${by.toLowerCase()}`,
  save: "Save as CSV",
  requests: "Requests",
  input: "Tokens in",
  output: "Tokens out",
  tokens: "Tokens",
  others: "Other units",
  cost: "Cost",
  fee: "Fee",
  unknown: "unknown",
  unknownOf: (n: number) => `and ${plural(n, "request")} of unknown price`,
  noModel: "No model named",
  gone: "A key that is no more",
  credentials: {
    entry: "Key",
    envelope: "Keys of a browser, sent with each request",
    platform: "The operator’s key",
  },
  images: (n: number) => plural(n, "image"),
  seconds: (n: number) => `${n} s of audio`,
  characters: (n: number) => plural(n, "character"),
} as const;

export const usageOnDevice = {
  title: "Counted on this device",
  about:
    "Requests by the blind relay. The companion cannot read them, so this browser counts them itself, for 90 days, and knows nothing of your other devices. They are not in the sums above.",
  model: "Model",
  key: "Key",
  requests: "Requests",
  tokens: "Tokens",
  others: "Other units",
} as const;

export const usageBudgets = {
  title: "Budgets",
  about: "A key whose budget is spent is passed over, until the month ends or you raise it.",
  meter: (name: string) => `Spent of the budget of ${name}`,
  left: (amount: string) => `${amount} left`,
  spent: "Spent",
  of: (spent: string, all: string, period: "month" | "total") =>
    `${spent} of ${all} ${period === "month" ? "this month" : "in all"}`,
  unknown: (n: number) =>
    `${plural(n, "request")} of unknown price could not be counted against it.`,
} as const;

export const activity = {
  title: "Activity",
  lead: "What was done with your keys, and when, as the companion has written it down. Of keys that only this browser has it sees no more than that a connection was relayed, or a request sealed for it.",
  filters: "Filter",
  what: "What",
  everything: "Everything",
  key: "Key",
  allKeys: "All keys",
  from: "From",
  to: "To",
  clear: "Clear the filter",
  loading: "Looking…",
  retry: "Try again",
  older: "Show older",
  end: "That is all there is.",
  gone: "a key that is no more",
  emptyTitle: "Nothing was done yet",
  empty: "Adding, changing, testing and revoking keys is written down here, with its time.",
  noneFound: "Nothing like that",
  noneFoundText: "Nothing that was written down fits this filter.",
  actions: {
    "key.add": { said: "Key added", filter: "Keys added" },
    "key.replace": { said: "Key replaced", filter: "Keys replaced" },
    "key.update": { said: "Key changed", filter: "Keys changed" },
    "key.reorder": { said: "Order of use changed", filter: "Order changed" },
    "key.test": { said: "Key tested", filter: "Keys tested" },
    "key.revoke": { said: "Key revoked", filter: "Keys revoked" },
    "settings.update": { said: "Settings changed", filter: "Settings changed" },
    "usage.export": { said: "Usage saved as a file", filter: "Usage saved" },
    "relay.close": { said: "Connection through the relay ended", filter: "Relay connections" },
    "operator.token": {
      said: "The operator made a sign-in for you by hand",
      filter: "Sign-ins by the operator",
    },
    "request.refuse": { said: "A request was refused", filter: "Refused requests" },
  },
  changed: (members: readonly string[]) => `What changed: ${members.join(", ")}`,
  members: {
    label: "label",
    isActive: "turned on or off",
    priority: "order",
    expiresAt: "expiry",
    budgetUsd: "budget",
    budgetPeriod: "the budget’s period",
  },
  verdicts: {
    valid: "The provider accepts it.",
    limited: "The provider accepts it, within limits.",
    invalid: "The provider refused it.",
    unknown: "The provider gave no clear answer.",
    untested: "It was not tested.",
  },
  exported: (by: readonly string[]) => `By ${by.join(", ")}`,
  dimensions: { day: "day", week: "week", provider: "provider", model: "model", entry: "key" },
  moreOfIt: (n: number) => `${plural(n, "more request")} like it since the note before.`,
  refusals: {
    plaintext_refused: "It carried a key in plain text, which was not stored.",
    sealed_key_malformed: "What it brought was no sealed key.",
    unknown_kid: "It was sealed for a key that the companion no longer has.",
    sealed_key_refused: "The sealed key could not be opened.",
    sealed_key_expired: "The sealed key was too old, or a clock is wrong.",
    sealed_key_mismatch: "The sealed key belongs to another person, entry or provider.",
    envelope_malformed: "What it brought was no sealed request.",
    envelope_refused: "The sealed request could not be opened.",
    envelope_expired: "The sealed request was too old, or a clock is wrong.",
    envelope_mismatch: "It was sealed for another request.",
    replayed: "The same sealed request came a second time.",
    id_conflict: "Another key has this id.",
    revoked_id: "The key was revoked, and does not come back.",
    needs_reentry: "The key has to be entered again.",
    byok_not_in_tier: "Own keys are not part of your plan.",
    budget_exhausted: "The key’s budget is spent.",
    rate_limited: "Too many requests in a short time.",
    forbidden: "It came from where it may not.",
    path_refused: "Its path is not one that keys are used for.",
    host_refused: "It was for a host that is not allowed.",
  },
} as const;

export const ways = {
  title: "Ways to unlock",
  text: "They open the vault of this browser: the keys that live only here, and what apps keep sealed beside them, such as conversations. Any one of them is enough.",
  locked: "Unlock the vault to change them.",
  none: "No key lives only in this browser yet. With the first one, this device opens the vault by itself; more ways can be added now already.",
  kinds: {
    device: {
      name: "This device, by itself",
      for: "No typing: the vault opens in this browser.",
      not: "Whoever copies your browser profile, or sits at this browser, can open it too: while it is there, locking asks nobody for anything.",
    },
    passphrase: {
      name: "Passphrase",
      for: "Opens the vault where this browser has lost its own key and still has its records. Asked for before an export, and before anything here is changed.",
      not: "Only as good as it is hard to guess: whoever has the records can try as many as they can pay for.",
    },
    passkey: {
      name: "Passkey",
      for: "Your finger, face or PIN; nothing to guess, and a false page cannot ask for it.",
      not: "Lost with the device or account that keeps it, so it is never the only way.",
    },
    recovery: {
      name: "Recovery code",
      for: "A code on paper, for when the passphrase is forgotten and this browser has lost its own key. It opens the records of this browser, and holds none.",
      not: "Whoever finds the paper, and has your browser’s records, opens the vault.",
    },
  } satisfies Record<Slot["kind"], { name: string; for: string; not: string }>,
  forWord: "For:",
  notWord: "Not against:",
  added: (when: string) => `since ${when}`,
  add: {
    device: "Let this device open it",
    passphrase: "Add a passphrase",
    passkey: "Add a passkey",
    recovery: "Make a recovery code",
  },
  another: "Add another passkey",
  newCode: "Make another code",
  change: "Change…",
  remove: "Remove…",
  removeOf: (name: string) => `Remove: ${name}`,
  deviceLost: "This browser has lost its own key: it opens nothing any more.",
  keepsOne:
    "It stays: a vault needs a way in that is no passkey, and this is the only one. Add another first.",
  advice: {
    onlyDevice:
      "While this device is the only way, nothing is asked for here: whoever sits at this browser can add a way of their own, and export your keys. A passphrase stops that.",
    noRecovery:
      "What is forgotten or lost nobody can reset. A recovery code on paper is a second way in.",
    cleared:
      "If the data of this site is cleared, keys that live only here are gone, and no way to unlock brings them back. What does: a file that you exported, or a new key from the provider.",
  },
  autoLock: "Lock by itself",
} as const;

export const wayDialog = {
  titles: {
    passphrase: "Add a passphrase",
    change: "Change the passphrase",
    passkey: "Add a passkey",
    recovery: "Make a recovery code",
    device: "Let this device open the vault",
    remove: (name: string) => `Remove: ${name}?`,
  },
  texts: {
    passphrase:
      "When this browser cannot open the vault by itself, the passphrase can. Nobody can tell it to you again.",
    change: "A new key for the vault is made, and all its keys are encrypted anew.",
    passkey: "Your browser asks for a finger, a face or a PIN, and keeps a passkey for this vault.",
    recovery:
      "You will see a code once, to print or write down. In this browser it opens the vault as the other ways do. It counts once you say that you have it.",
    device: "From then on this browser opens the vault without asking.",
    remove:
      "A new key for the vault is made, so that what was removed opens nothing any more, not even an old copy. Every other way in has to be shown once for it to stay.",
  },
  proof: "To be sure that it is you",
  proofText: "An open page could be somebody else’s doing.",
  noProof: "I have none of these",
  noProofText:
    "Then nobody can change the ways to unlock here, or export keys: not you, and not somebody else at this page. Your keys go on working as long as this device opens the vault. To start again: lock the vault, choose “I cannot unlock it”, and paste each key once more.",
  wrongOne: (field: string) => `“${field}” is not right.`,
  wrongSome: "One of these is not right.",
  wrongNext:
    "Nothing was changed. Try again; after each wrong try the next one takes longer, and you are never locked out.",
  by: "Show it by",
  passphrase: "Passphrase",
  passphraseNow: "Passphrase now",
  recovery: "Recovery code",
  passkey: "Passkey",
  passkeyText: "Your browser asks for it next.",
  newPassphrase: "New passphrase",
  name: "Name of the passkey",
  nameHelp: "Stands beside it in your list of passkeys.",
  stays: "What stays",
  staysText: {
    device: "stays by itself",
    passkey: "your browser asks for it",
    passphrase: "shown above",
    recovery: "shown above",
  } satisfies Record<Slot["kind"], string>,
  letGo: "Let it go too",
  keep: "Keep it",
  noneLeft: "At least one way has to stay that is no passkey.",
  missing: "Fill this in first.",
  byHand: "Nothing was done: this form was not sent by a click or a key.",
  byHandNext: "Press its button. If you did not send it, a script of this page did.",
  submit: {
    passphrase: "Add",
    change: "Change",
    passkey: "Add",
    recovery: "Make the code",
    device: "Add",
    remove: "Remove",
  },
  cancel: "Cancel",
  busy: "Stretching the passphrase. It takes a moment on purpose: so it does for whoever tries to guess it.",
  busyPasskey: "Waiting for your passkey…",
  busyOther: "One moment…",
} as const;

export const newPassphrase = {
  show: "Show",
  hide: "Hide",
  again: "Once more",
  insist: "Use it all the same. Whoever copies this browser’s records can guess it.",
  /** What is wrong, and what to do. */
  refusals: {
    differ: ["The two are not the same.", "Type it once more, or look at it with Show."],
    short: ["At least 8 characters.", "Four or five words that do not belong together are good."],
    easy: [
      "This one is easy to guess.",
      "Choose another; or tick the box below it, and then it is used as it is.",
    ],
    easyFile: [
      "This one is too easy to guess for a file.",
      "Whoever comes by the file can try as many as they like. Four or five words that do not belong together are good.",
    ],
  },
} as const;

export const strength = {
  label: "How hard it is to guess",
  reading: "Measuring…",
  empty: "Four or five words that do not belong together are good, and easy to remember.",
  short: "Too short: at least 8 characters",
  scores: [
    "Guessed at once",
    "Guessed within hours",
    "Weak: guessed by somebody who means it",
    "Good",
    "Very good",
  ],
  warnings: {
    topTen: "It is one of the ten most used passwords.",
    topHundred: "It is one of the most used passwords.",
    common: "It is a much used password.",
    similarToCommon: "It is like a much used password.",
    simpleRepeat: "Repeated letters are easy to guess.",
    extendedRepeat: "Repeated patterns are easy to guess.",
    sequences: "Sequences such as abc are easy to guess.",
    straightRow: "Rows of the keyboard are easy to guess.",
    keyPattern: "Patterns of the keyboard are easy to guess.",
    dates: "Dates are easy to guess.",
    recentYears: "Years are easy to guess.",
    wordByItself: "One word alone is easy to guess.",
    pwned: "It is in lists of leaked passwords.",
  },
} as const;

export const recoverySheet = {
  title: "Your recovery code",
  once: "It is shown this once, and opens nothing before you say that you have it. Print it, or write it down, and keep it where you keep your passport.",
  heading: "keyseal recovery code",
  opens: (host: string, sub: string) =>
    `It opens the vault of the account “${sub}” at ${host}: in the browser where it was made, as long as that browser keeps its records. No key is in it.`,
  made: (when: string) =>
    `Made ${when}. A newer code does not replace it; remove it on the Security page.`,
  how: "To use it: open the page, choose the recovery code, and type it. Capitals, spaces and dashes do not matter.",
  print: "Print",
  copy: "Copy",
  copied: "Copied. Paste it somewhere safe, then clear the clipboard.",
  kept: "I have it in a safe place",
  done: "Done",
  discard: "Throw it away",
  first: "Say first that you have it: it cannot be shown again.",
} as const;

export const carry = {
  title: "Move keys to another browser",
  text: "Keys on all your devices need none of this. Keys that live only in this browser can be taken along as an encrypted file.",
  export: "Export…",
  exportTitle: "Export this browser’s keys",
  exportText: (n: number) =>
    `${n === 1 ? "One key goes" : `${n} keys go`} into a file that only the passphrase of the file opens. They stay here too.`,
  exportNone: "No key lives only in this browser: there is nothing to export.",
  exportNoProof:
    "An export asks for your passphrase, passkey or recovery code. Add one above first.",
  filePassphrase: "Passphrase of the file",
  exportSubmit: "Export",
  exported: (name: string) => `Saved as ${name}.`,
  exportedText:
    "Whoever has the file can try passphrases on it, as many as they can pay for. Delete it when it has been imported.",
  leftOut: (n: number) =>
    `${plural(n, "key")} could not be opened here, and ${n === 1 ? "is" : "are"} not in it:`,
  import: "Import…",
  importTitle: "Import keys from a file",
  importText: "Choose a file that was exported in another browser.",
  file: "File",
  noFile: "Choose a file first.",
  importSubmit: "Import",
  importedTitle: "What became of each key",
  results: {
    taken: "Imported",
    known: "Here already",
    refused: "Could not be read, and was left out",
  },
  nothing: "There was no key in the file.",
  unknownEntry: "A key without a name",
  close: "Close",
  wrong: "That does not open the file.",
  wrongNext:
    "Look at capitals and spaces, and try again. After each wrong try the next one takes longer.",
} as const;

export const wizard = {
  trail: "Steps",
  steps: ["What for", "Provider", "Key"],
  what: "What do you want to use?",
  whose: (category: string) => `${category}: whose key do you have, or want to make?`,
  count: (count: number) => plural(count, "provider"),
  paste: "I have a key: paste it",
  back: "Back",
  categories: {
    llm: { name: "Text and chat", text: "Models that write, answer, summarise and code." },
    image: { name: "Images", text: "Pictures out of words." },
    video: { name: "Video", text: "Clips out of words or pictures." },
    audio: { name: "Speech and audio", text: "Voices, transcripts, music." },
    research: { name: "Search and research", text: "Answers out of the web and of documents." },
  } satisfies Record<Category, { name: string; text: string }>,
} as const;

export const limits = {
  title: (hint: string) => `End date and budget of ${hint}`,
  expiry: "Use it until",
  expiryHelp: "After that it is not used any more. It stays in the list.",
  choices: { never: "No end date", day: "A day…" },
  inDays: (days: number) => (days === 365 ? "One year from now" : `${days} days from now`),
  day: "Last day",
  pastDay: "Choose a day that is not over yet.",
  budget: "Budget",
  currency: "US dollars, estimated",
  noLimit: "No limit",
  period: "Budget is for",
  periods: { month: "each month", total: "in total" },
  budgetHelp: "When it is used up, requests under this key stop.",
  badAmount: "A budget is an amount above 0, such as 20.",
  noBudget: "Budgets are for keys on all your devices: the companion counts them.",
  save: "Save",
  cancel: "Cancel",
} as const;

export const store = {
  tabs: "Views of the Secure Store",
  tab: { keys: "Keys", usage: "Usage", security: "Security", activity: "Activity" },
  loading: "Opening your vault…",
  viewLoading: "Loading…",
  notLoaded: "This view could not be loaded.",
  notLoadedNext:
    "Check the connection and try again, or reload the page. Nothing of yours is lost.",
  failed: "The Secure Store could not open",
  retry: "Try again",
  signedOut: "Your sign-in has ended",
  signedOutText: "Sign in again where you are. Your keys are still where they were.",
} as const;

export const platform = {
  label: (name: string) => `Fallback to the operator’s ${name} key`,
  shown: "Fallback to platform:",
  off: "off",
  on: "on",
  title: (name: string) => `Use the operator’s ${name} key when yours cannot serve?`,
  body: "Requests that none of your own keys can serve then go out under the operator’s key. That may cost you what the operator charges for it. Every answer says which key served, and you can turn this off at any time.",
  confirm: "Allow it",
  cancel: "Keep it off",
  allowed: (name: string) => `The operator’s ${name} key may be used when yours cannot serve.`,
  refused: (name: string) => `Only your own ${name} keys are used.`,
} as const;

export const input = {
  label: "API key",
  seal: "Seal",
  sealed: (name: string) => `${name} key, sealed`,
} as const;

/** The frame of another origin, in a page. */
export const isolated = {
  title: "Your AI keys, in a frame that this page cannot look into",
} as const;
