// Every sentence of the elements, in one place. What happened, what is safe, what to do; never a code alone.

import type { Slot, Status, Storage } from "../index.js";

const vowelSound = /^([aeio]|u[^s]|xai|nvidia|lmnt|fal\b)/i;
const withArticle = (name: string) => `${vowelSound.test(name) ? "an" : "a"} ${name}`;
const plural = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export const notice = {
  away: "The companion cannot be reached. This is what this browser knows; nothing is lost.",
  awayNext: "Looking again every few seconds.",
  memoryOnly: "This browser stores nothing, as in a private window.",
  memoryOnlyNext:
    "Keys that you keep only in this browser last until you close this tab. Keys on all your devices are not affected.",
  retry: "Try now",
  dismiss: "OK",
} as const;

export const problem = (code: string) => `code: ${code}`;

export const lock = { now: "Lock the vault" } as const;

export const unlock = {
  title: "The vault is locked",
  text: "Keys that live only in this browser wait until you unlock it. Keys on all your devices go on working.",
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
  cannot: "I cannot unlock it",
  startOver: {
    title: "Give up this vault?",
    body: (count: number) =>
      `The ways to unlock it are removed. ${
        count === 1 ? "The key" : `All ${count} keys`
      } that only this browser has can then not be opened any more, and must be pasted again. Label and place stay. Keys on all your devices are not affected.`,
    confirm: "Give up the vault",
    cancel: "Keep it",
  },
} as const;

export const unlocking = {
  title: "Unlocking",
  text: "What opens the keys that live only in this browser, and when they lock.",
  none: "Nothing to unlock: no key lives only in this browser yet.",
  kinds: {
    device: "This device, by itself",
    passphrase: "Passphrase",
    passkey: "Passkey",
    recovery: "Recovery code",
  } satisfies Record<Slot["kind"], string>,
  added: (when: string) => `since ${when}`,
  device:
    "This vault opens by itself in this browser. Whoever copies your browser profile can open it too.",
  autoLock: "Lock by itself",
  autoLockHelp: "When no key of this browser was used, in any tab.",
  never: "Never",
  after: (minutes: number) =>
    minutes % 60 === 0
      ? `After ${plural(minutes / 60, "hour")}`
      : `After ${plural(minutes, "minute")}`,
  lockNow: "Lock now",
  notDurable:
    "This browser has not promised to keep the site’s storage: it may clear it when space runs short. Keep your keys where the provider shows them, or on all your devices.",
} as const;

export const keys = {
  title: "Secure Store",
  lead: "Keys are sealed in this browser before anything leaves it.",
  how: "How it works",
  howSteps: [
    {
      title: "Sealed here",
      text: "The moment you paste, the key is encrypted inside this page. It is never shown again, to you either.",
    },
    {
      title: "Stored as ciphertext",
      text: "On the companion, in this browser, or both: always encrypted, bound to you and to one provider.",
    },
    {
      title: "Used, not handed out",
      text: "Requests go through the companion, which puts the key into that one request. Apps never hold it.",
    },
  ],
  add: "Add a key",
  loading: "Loading your keys…",
  emptyTitle: "No keys yet",
  empty:
    "Paste an API key of OpenAI, Anthropic, Google or another provider. Apps then use it through here, and only you can turn it off.",
  tryDemo: "Try it with a demo key",
  group: (count: number) => (count === 1 ? "1 key" : `${count} keys, used in this order`),
  list: (provider: string) => `${provider} keys`,
  row: (provider: string, hint: string, label: string) =>
    `${provider} key ${hint}${label ? `, ${label}` : ""}`,
  noLabel: "No label",
  used: (ago: string) => `used ${ago}`,
  test: "Test",
  testing: "Testing…",
  enterAgain: "Enter again",
  enterAgainWhy:
    "What is stored can no longer be opened, so it is not used. Paste the key again; label and place stay.",
  expires: (when: string) => `expires ${when}`,
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
  unknown: "No clear answer",
  off: "Off",
  expired: "Expired",
  reentry: "Cannot be opened",
  revoking: "Waiting to be revoked",
} satisfies Record<Status | "off" | "expired" | "reentry" | "revoking", string>;

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

export const add = {
  title: "Add a key",
  replaceTitle: (name: string) => `Replace this ${name} key`,
  replaceLead: (hint: string) =>
    `The new key takes the place of ${hint}; label, order and history stay.`,
  paste: "API key",
  pasteHelp: "Paste it here. It is sealed in this browser and never shown again.",
  demo: "No key at hand?",
  useDemo: "Use a demo key",
  looksLike: (name: string) => `Looks like ${withArticle(name)} key`,
  maybe: (name: string, others: readonly string[]) =>
    `Probably ${withArticle(name)} key; it could also be ${others.join(" or ")}`,
  unsure: "It does not say whose key it is: choose the provider",
  chosen: (name: string) => `Will be stored as ${withArticle(name)} key`,
  provider: "Provider",
  choose: "Choose…",
  whereToGet: (name: string) => `Where ${name} makes keys`,
  host: "Your endpoint’s host",
  hostHelp: "Such as my-resource.openai.azure.com. It is sealed into the key.",
  label: "Label",
  optional: "optional",
  labelPlaceholder: "prod, personal, …",
  where: "Where it lives",
  synced: "On all my devices",
  syncedText: (host: string) =>
    `Stored sealed on ${host}, which can open it in memory while you use it. This browser cannot.`,
  browser: "Only in this browser",
  browserText:
    "Stored encrypted here and nowhere else; sealed into each request you make. Not on your other devices.",
  browserMemory: "This window stores nothing: gone when you close it.",
  submit: "Seal and store",
  cancel: "Cancel",
  close: "Close",
  missingKey: "Paste a key first.",
  missingProvider: "Choose whose key it is.",
  missingHost: "Name your endpoint’s host.",
  steps: { sealing: "Sealing", storing: "Storing", testing: "Testing" },
  stepsDone: { sealing: "Sealed", storing: "Stored", testing: "Tested" },
  stepHelp: {
    sealing: "encrypted in this browser",
    storingSynced: (host: string) => `ciphertext only, on ${host}`,
    storingBrowser: "encrypted, in this browser",
    testing: (name: string) => `asking ${name}`,
    tested: (name: string) => `asked ${name}`,
  },
  testSkipped: "No free test at this provider",
  result: {
    valid: (name: string) => `${name} accepts this key`,
    limited: (name: string) => `${name} accepts this key, within limits`,
    invalid: (name: string) => `${name} refused this key`,
    unknown: (name: string) => `${name} gave no clear answer`,
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
  lead: "What is stored, where, and who can open it.",
  companion: "Companion",
  companionText:
    "Keys are sealed to this server’s identity. If the fingerprint ever changes without notice, this page refuses to go on.",
  address: "Address",
  fingerprint: "Fingerprint",
  firstSeen: (when: string) => `first seen by this browser ${when}`,
  compare: "Compare it with the operator’s, over another channel, if you want to be sure.",
  noCompanion: "Not known yet: the companion has not been reached from this browser.",
  stored: "What is stored where",
  storedText: "Open a record to see exactly what lies there. None of it is a key that can be read.",
  here: "This browser",
  hereText: "Encrypted with a key that this browser holds and cannot show.",
  there: "Companion",
  thereText: "Sealed to the companion’s key. It opens one in memory while you use it.",
  provider: "Provider",
  providerText: "Each provider knows its own keys. Revoking here does not delete them there.",
  nothing: "Nothing stored.",
  manage: (name: string) => `Keys at ${name}`,
  ciphertext: "ciphertext",
  records: {
    entry: "encrypted key",
    synced: "sealed copy",
    vault: "slots of the vault",
    note: "what its tabs share",
  },
} as const;
