// A page that uses browser-only keys by the relay, in a worker and without one.

import "keyseal/elements";
import { type Entry, type KeysealError, Vault } from "keyseal";
import { type RelayOptions, relay } from "keyseal/relay";

export interface Opened {
  companion: string;
  token: string;
  key: string;
  host: string;
  root: string;
  /** A text is a script that the worker runs before its own. */
  worker: boolean | string;
}

let vault: Vault;
let entry: Entry;

const url = (path: string) => `${vault.baseURL("openai")}${path}`;
const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));

const chat = (more: object = {}) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ model: "gpt-5-mini", messages: [], ...more }),
});

/** The worker's address, as it is after another script. */
async function after(script: string): Promise<string> {
  const parts = [script, await (await fetch("worker.js")).text()];
  return URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "nothing";
  } catch (error) {
    return error instanceof DOMException ? error.name : (error as KeysealError).code;
  }
}

async function sha256(bytes: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const page = {
  codeOf,
  vault: () => vault,
  url,
  chat,

  async open(options: Opened): Promise<string> {
    const { companion, token, key, host, root, worker } = options;
    const roots = root ? [bytesOf(root)] : [];
    const how: RelayOptions = {
      roots,
      worker: typeof worker === "string" ? await after(worker) : worker,
    };
    vault = await Vault.open({ companion, token: () => token, relay: relay(how) });
    entry = await vault.add(key, { provider: "openai", storage: "browser", host });
    return entry.id;
  },

  /** A store that opens its vault itself, with a relay of its own or one that it is given. */
  async store(options: Omit<Opened, "worker">): Promise<string> {
    const { companion, token, key, host, root } = options;
    document.querySelector("keyseal-store")?.remove();
    const store = document.createElement("keyseal-store");
    const given = root ? relay({ roots: [bytesOf(root)] }) : true;
    const opened = new Promise<Vault>((done) => {
      store.addEventListener("keyseal-opened", ({ detail }) => done(detail.vault));
    });
    Object.assign(store, { companion, token: () => token, relay: given });
    document.body.append(store);
    vault = await opened;
    entry =
      vault.entries[0] ?? (await vault.add(key, { provider: "openai", storage: "browser", host }));
    return entry.id;
  },

  /** The vault in the Secure Store, as its page shows it: a view of the store, or what stands between its tags. */
  show(view: string): void {
    document.querySelector("keyseal-store")?.remove();
    const store = document.createElement("keyseal-store");
    if (view === "playground") {
      store.append(Object.assign(document.createElement("keyseal-playground"), { vault }));
    }
    document.body.append(Object.assign(store, { vault, view, noTabs: true }));
  },

  /** Another key of the same provider, which stands behind the first. */
  async add(key: string, host: string): Promise<string> {
    return (await vault.add(key, { provider: "openai", storage: "browser", host })).id;
  },

  /** What is noted at the entries, in the order of use, and how often the last request was sent. */
  async turns(): Promise<[(string | boolean)[][], string | null]> {
    const answer = await vault.fetch(url("/chat/completions"), chat());
    await answer.text();
    const noted = vault.entries.map(({ id, status, restingUntil }) => [
      id,
      status,
      restingUntil !== null,
    ]);
    return [noted, answer.headers.get("keyseal-attempts")];
  },

  /** One request: what it says it was served by and how, and its text. */
  async ask(more?: object): Promise<string[]> {
    const answer = await vault.fetch(url("/chat/completions"), chat(more));
    const { headers } = answer;
    const by = [headers.get("keyseal-served-by"), headers.get("keyseal-path")].map(String);
    return [
      ...by,
      `${answer.status}`,
      vault.servedBy(answer) === entry ? "" : "another",
      await answer.text(),
    ];
  },

  /** Bytes of a pattern up, in one piece or as a stream; what the provider counted, and what it should have. */
  async upload(mebibytes: number, asStream: boolean): Promise<string[][]> {
    const all = new Uint8Array(mebibytes * 1024 * 1024);
    for (let at = 0; at < all.length; at += 4096) all[at] = at / 4096;
    const body = asStream ? new Blob([all]).stream() : all;
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const answer = await vault.fetch(url("/files"), init);
    const { bytes, sha256: hash } = await answer.json();
    return [
      [`${bytes}`, hash],
      [`${all.length}`, await sha256(all)],
    ];
  },

  async download(mebibytes: number): Promise<string[]> {
    const answer = await vault.fetch(url(`/files/file-${mebibytes}/content`));
    let bytes = 0;
    let right = true;
    const reader = answer.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || !value) break;
      right &&= value.every((byte, at) => byte === PATTERN[(bytes + at) % PATTERN.length]);
      bytes += value.length;
    }
    return [`${bytes}`, `${right}`];
  },

  async parallel(count: number, more?: object): Promise<number> {
    const answers = Array.from({ length: count }, async () => {
      const answer = await vault.fetch(url("/chat/completions"), chat(more));
      return (await answer.json()).choices.length as number;
    });
    return (await Promise.all(answers)).reduce((sum, one) => sum + one, 0);
  },

  /** Begins an answer that never ends and, when some of it has come, does this; the code of what comes then. */
  endless(then: "abort" | "lock" | "cancel" | "revoke" | "wait"): Promise<string> {
    return codeOf(async () => {
      const control = new AbortController();
      const answer = await vault.fetch(url("/files/file-x/content"), { signal: control.signal });
      const reader = answer.body?.getReader();
      await reader?.read();
      if (then === "abort") control.abort();
      else if (then === "lock") vault.lock();
      else if (then === "cancel") await reader?.cancel();
      else if (then === "revoke") await vault.revoke(entry.id);
      for (;;) if ((await reader?.read())?.done !== false) return;
    });
  },

  /** Leaves an answer unread; bytes that the provider got rid of by the time that it stops. */
  async leaveUnread(): Promise<void> {
    await vault.fetch(url("/files/file-64/content"));
  },

  test: () => vault.test(entry.id),
  usage: () => vault.deviceUsage(),
  unlock: () => vault.unlock(),
};

const PATTERN = new TextEncoder().encode("0123456789abcdef");

declare global {
  interface Window {
    relayed: typeof page;
  }
}
window.relayed = page;
