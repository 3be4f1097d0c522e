// What the examples in the package's documentation take for granted: a person who is signed in, a
// vault with keys in it, an app with buttons and messages. All of it is real but the buttons.

import { createAnthropic } from "@ai-sdk/anthropic";
import * as keyseal from "keyseal";
import * as oauth from "keyseal/oauth";
import { relay } from "keyseal/relay";
import OpenAI from "openai";
// The package's own elements go through here: no function of the vault adds a way to unlock it.
import { insideOf } from "../../../pkg/dist/vault/inside.js";

const COMPANION = "https://keys.example.com";

/** Where an example runs. */
export interface Place {
  /** Where the companion of the examples really is. */
  companion: string;
  token: string;
  pasted: string;
}

/** What was called since it was last emptied: members of the package by name, and the app's own functions. */
export const called = new Set<string>();

let offline = false;

/** The name that the examples use for the companion leads to the one that runs. */
function lead(companion: string): void {
  const { fetch } = window;
  window.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (offline && url.startsWith(COMPANION)) throw new TypeError("offline");
    if (url.startsWith("https://openrouter.ai/"))
      return Response.json({ key: "sk-or-v1-by-sign-in" });
    if (!url.startsWith(COMPANION)) return fetch(input, init);
    const there = companion + url.slice(COMPANION.length);
    return fetch(input instanceof Request ? new Request(there, input) : there, init);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: any function at all
export function spied<F extends (...all: any[]) => unknown>(name: string, real: F): F {
  return function (this: unknown, ...all: unknown[]) {
    called.add(name);
    return real.apply(this, all);
  } as F;
}

/** Notes every use of a class's members, as its users see them. */
export function watch(name: string, holder: object): void {
  for (const [key, member] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
    if (key === "constructor" || key === "prototype" || !member.configurable) continue;
    for (const part of ["value", "get", "set"] as const) {
      if (typeof member[part] === "function") member[part] = spied(`${name}.${key}`, member[part]);
    }
    Object.defineProperty(holder, key, member);
  }
}
for (const [name, type] of Object.entries({
  Vault: keyseal.Vault,
  KeysealError: keyseal.KeysealError,
})) {
  watch(name, type);
  watch(name, type.prototype);
}

const KeysealError = new Proxy(keyseal.KeysealError, {
  construct(type, all) {
    called.add("KeysealError.constructor");
    return Reflect.construct(type, all);
  },
});

export const say = (name: string) => spied(name, (..._all: unknown[]) => {});

/** What every example is given. */
export async function prelude(name: string, place: Place) {
  lead(place.companion);
  const session = { jwt: place.token };
  const memory = name === "Vault.persistent" || name === "Vault.durable";
  const vault = await keyseal.Vault.open({
    companion: COMPANION,
    token: () => session.jwt,
    memory,
  });
  Object.defineProperty(vault, "fetch", { value: spied("Vault.fetch", vault.fetch) });
  const first = await vault.add(place.pasted, { label: "first", storage: "browser" });
  const second = await vault.add(place.pasted, { label: "second" });

  const model = "gpt-5-mini";
  const messages = [{ role: "user" as const, content: "Good morning" }];
  const response = await vault.fetch(`${vault.baseURL("openai")}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model, messages }),
  });
  const jwks = await (await fetch(`${COMPANION}/.well-known/jwks.json`)).json();
  const given = {
    ...{ KeysealError, OpenAI, Vault: keyseal.Vault, createAnthropic },
    init: spied("init", keyseal.init),
    detect: spied("detect", keyseal.detect),
    fingerprint: spied("fingerprint", keyseal.fingerprint),
    newEntryId: spied("newEntryId", keyseal.newEntryId),
    providers: spied("providers", keyseal.providers),
    sealKey: spied("sealKey", keyseal.sealKey),
    startOAuth: spied("startOAuth", oauth.startOAuth),
    isOAuthReturn: spied("isOAuthReturn", oauth.isOAuthReturn),
    finishOAuth: spied("finishOAuth", oauth.finishOAuth),
    withoutOAuth: spied("withoutOAuth", oauth.withoutOAuth),
    relay: spied("relay", relay),

    ...{ session, vault, first, second, entry: first, response, model, messages },
    pasted: place.pasted,
    sub: vault.sub,
    rid: keyseal.newEntryId(),
    jwk: jwks.keys[0] as JsonWebKey,
    thumbprint: vault.companion?.identity ?? "",
    caught: new Error("something else") as unknown,

    lockButton: document.createElement("button"),
    signOut: document.createElement("button"),
    field: document.createElement("input"),
    title: document.createElement("h1"),
    location: { href: `${window.location.href}?page=keys`, assign: say("assign") },
    history: { replaceState: say("replaceState") },
    confirm: spied("confirm", async (_question: string) => true),
    ...{ advise: say("advise"), askWhich: say("askWhich"), banner: say("banner") },
    ...{ note: say("note"), show: say("show"), showUnlock: say("showUnlock"), warn: say("warn") },
  };
  await scenes[name]?.(given);
  called.clear();
  return given;
}

export type Prelude = Awaited<ReturnType<typeof prelude>>;

/** What has happened before some of the examples. */
const scenes: Record<string, (given: Prelude) => Promise<void> | void> = {
  /** Text that could be several providers' key. */
  KeysealError(given) {
    given.pasted = "0123456789abcdef0123456789abcdef";
  },
  async "Vault.problems"({ vault }) {
    offline = true;
    await vault.refresh();
  },
  /** Renamed here while offline, and revoked elsewhere meanwhile. */
  async "Vault.dismiss"({ vault, second, session }) {
    const other = await keyseal.Vault.open({
      companion: COMPANION,
      token: () => session.jwt,
      memory: true,
    });
    offline = true;
    await vault.update(second.id, { label: "renamed" });
    offline = false;
    await other.revoke(second.id);
    await vault.refresh();
  },
  async "Vault.replace"(given) {
    given.entry = { ...given.entry, needsReentry: true };
  },
  "Vault.unlocked": ({ vault }) => vault.lock(),
  async "Vault.unlock"({ vault, field }) {
    field.value = "correct horse battery staple";
    await insideOf(vault).addPassphrase(field.value);
    vault.lock();
  },
  "Vault.startOver": ({ vault }) => vault.lock(),
  "Vault.sealNote"({ field }) {
    field.value = "Dear diary";
  },
  isOAuthReturn: comeBack,
  finishOAuth: comeBack,
  withoutOAuth: comeBack,
};

/** The person has agreed at the provider, and is sent back. */
async function comeBack({ location }: Prelude): Promise<void> {
  const to = new URL(await oauth.startOAuth("openrouter", { callback: location.href }));
  location.href = `${to.searchParams.get("callback_url")}&code=good-once`;
}

/** What a person, and the world, do next: whatever the example has set up happens. */
export async function play({ lockButton, signOut }: Prelude): Promise<void> {
  for (const button of [lockButton, signOut]) button.click();
  window.dispatchEvent(new Event("online"));
  await new Promise((resolve) => setTimeout(resolve));
}
