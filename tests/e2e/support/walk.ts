// Runs in the page: every member of the package, called with what makes it work, and all that comes
// of it written down.

/** What a page remembers of a walk. */
export interface Walked {
  /** By member: whatever it returned, threw or is, as one text. */
  results: Record<string, string>;
  events: string[];
}

export interface World {
  entry: string;
  companion: string;
  token: string;
  /** One for each place: synced, in this browser, replaced, in the module's own vault, got by sign-in. */
  keys: { synced: string; browser: string; next: string; core: string; oauth: string };
  jwk: object;
}

/** Members by the name of their module; the order is that of the walk. */
type Steps = Record<string, () => unknown>;

declare global {
  interface Window {
    walk: {
      steps: Steps;
      walked: Walked;
      run(name: string): Promise<void>;
      note(name: string, value: unknown): Promise<void>;
      hear(event: Event): void;
      memory: WebAssembly.Memory[];
      plant(text: string): void;
    };
  }
}

/** Before the page's scripts: keeps every memory that a module exports. */
export function keepMemories(): void {
  const memories: WebAssembly.Memory[] = [];
  const allocators: ((size: number, align: number) => number)[] = [];
  const { instantiate } = WebAssembly;
  // biome-ignore lint/suspicious/noExplicitAny: overloads
  WebAssembly.instantiate = (async (...given: any[]) => {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const made: any = await (instantiate as any)(...given);
    const { exports } = made.instance ?? made;
    if (exports.memory) memories.push(exports.memory);
    if (exports.__wbindgen_malloc) allocators.push(exports.__wbindgen_malloc);
    return made;
  }) as typeof instantiate;
  const plant = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (const [at, allocate] of allocators.entries()) {
      const place = allocate(bytes.length, 1);
      new Uint8Array(memories[at]?.buffer ?? new ArrayBuffer(0), place, bytes.length).set(bytes);
    }
  };
  window.walk = { memory: memories, plant } as unknown as Window["walk"];
}

export async function prepareWalk(world: World): Promise<void> {
  const walked: Walked = { results: {}, events: [] };

  const isOurs = (prototype: object) =>
    !/\[native code\]/.test(Function.prototype.toString.call(prototype.constructor));

  /** All that can be read off a value, without knowing what it is. */
  async function dump(value: unknown, seen: Set<unknown>, depth: number): Promise<string> {
    if (value === null || !["object", "function"].includes(typeof value)) return String(value);
    if (seen.has(value) || depth > 6) return "";
    seen.add(value);
    const parts: string[] = [];
    if (typeof value === "function") parts.push(Function.prototype.toString.call(value));
    if (value instanceof Promise) parts.push(await dump(await value.catch((e) => e), seen, depth));
    if (value instanceof Response) {
      parts.push(...[...value.headers].map(String));
      if (!value.bodyUsed) parts.push(await value.clone().text());
    }
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      return new TextDecoder("latin1").decode(value as AllowSharedBufferSource);
    }
    if (value instanceof Map || value instanceof Set || value instanceof Headers) {
      parts.push(await dump([...value], seen, depth + 1));
    }
    const chain: object[] = [];
    // What a class of the platform has is not ours to tell.
    let at = value as object | null;
    while (at && at !== Object.prototype && (at === value || isOurs(at))) {
      chain.push(at);
      at = Object.getPrototypeOf(at) as object | null;
    }
    for (const name of new Set(chain.flatMap((at) => Reflect.ownKeys(at)))) {
      let member: unknown;
      try {
        member = (value as Record<PropertyKey, unknown>)[name];
      } catch (error) {
        member = error;
      }
      parts.push(`${String(name)}=${await dump(member, seen, depth + 1)}`);
    }
    if (!Array.isArray(value) && typeof value !== "function") {
      parts.push(
        safely(() => JSON.stringify(value)),
        safely(() => String(value)),
      );
    }
    return parts.join("\n");
  }
  const safely = (write: () => string | undefined) => {
    try {
      return write() ?? "";
    } catch (error) {
      return String(error);
    }
  };

  const note = async (name: string, value: unknown) => {
    walked.results[name] = `${walked.results[name] ?? ""}\n${await dump(value, new Set(), 0)}`;
  };
  async function run(name: string): Promise<void> {
    const step = window.walk.steps[name];
    if (!step) throw new Error(`no step ${name}`);
    try {
      await note(name, await step());
    } catch (error) {
      await note(name, error);
    }
  }
  const hear = (event: Event) => {
    const members: string[] = [event.type];
    for (let at: object = event; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      for (const name of Reflect.ownKeys(at)) {
        const member: unknown = Reflect.get(event, name);
        if (typeof member !== "object" || name === "detail") members.push(String(member));
        if (name === "detail") members.push(safely(() => JSON.stringify(member)));
      }
    }
    walked.events.push(members.join("\n"));
  };
  for (const type of ["error", "unhandledrejection", "storage", "message"]) {
    window.addEventListener(type, hear);
  }
  // Events of ours, whatever their name, and what is told to other tabs.
  const dispatch = EventTarget.prototype.dispatchEvent;
  EventTarget.prototype.dispatchEvent = function (event) {
    hear(event);
    return dispatch.call(this, event);
  };
  const post = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (message) {
    walked.events.push(safely(() => JSON.stringify(message)));
    post.call(this, message);
  };

  const { keys, companion, token } = world;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const load = (file: string) => import(new URL(`/dist/${file}`, location.href).href);
  const chat = JSON.stringify({
    model: "demo",
    messages: [{ role: "user", content: "Which key?" }],
  });
  const passphrase = "correct horse battery staple";

  // biome-ignore lint/suspicious/noExplicitAny: the walk holds for what there is, not for its types
  type Any = any;
  const keyseal: Any = await load(world.entry);
  const server: Any = await load("server/index.js");
  let vault: Any;
  let caught: Any;
  let [sealed, coreNote] = ["", ""];
  /** The ciphertexts of all records, each with the words of its header. */
  const jwes = (records: { value: string }[]): [string, string[]][] =>
    records
      .flatMap(({ value }) => value.match(/[\w-]+\.[\w-]*(\.[\w-]+){3}/g) ?? [])
      .map((jwe) => {
        const header = atob((jwe.split(".")[0] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
        return [jwe, Object.values(JSON.parse(header))];
      });
  const id = (storage: string) => vault.entries.find((it: Any) => it.storage === storage)?.id;
  const every = async (...calls: (() => unknown)[]) => {
    const all: unknown[] = [];
    for (const call of calls) {
      try {
        all.push(await call());
      } catch (error) {
        caught = error;
        all.push(error);
      }
    }
    return all;
  };
  const seal = { jwk: world.jwk, provider: "demo", sub: "walker", rid: "entry" };

  const index: Steps = {
    init: () => keyseal.init(),
    detect: () =>
      every(
        () => keyseal.detect(keys.browser),
        () => keyseal.detect(`é${keys.browser}`),
      ),
    fingerprint: () => every(() => keyseal.fingerprint(keys.browser)),
    newEntryId: () => keyseal.newEntryId(),
    providers: () => keyseal.providers(),
    sealKey: () =>
      every(
        () => keyseal.sealKey(keys.synced, seal),
        () => keyseal.sealKey(bytes(keys.synced), seal),
        () => keyseal.sealKey(keys.synced, { ...seal, jwk: {} }),
        () => keyseal.sealKey(keys.synced, { ...seal, host: "EVIL/" }),
        () => keyseal.sealKey(`${keys.synced} ключ`, seal),
      ),
    "Vault.open": async () => {
      vault = await keyseal.Vault.open({ companion, token: () => token });
      vault.addEventListener("change", () => {});
      return vault;
    },
    "Vault.add": () =>
      every(
        () => vault.add(keys.synced, { label: "synced" }),
        () => vault.add(keys.browser, { storage: "browser", label: "browser" }),
        () => vault.add(bytes(keys.next), { storage: "browser" }),
        () => vault.add(keys.browser, { provider: "nobody" }),
        () => vault.add(`${keys.browser} and more`, { provider: "demo" }),
        () => vault.add(keys.browser.replace("demo-", "sk-"), {}),
        () => vault.add(keys.browser, { storage: "browser", host: "EVIL/", provider: "demo" }),
        () => vault.add(keys.synced, { host: "evil.example.com", provider: "demo" }),
      ),
    "Vault.replace": () =>
      every(
        () => vault.replace(id("browser"), keys.browser),
        () => vault.replace(id("synced"), bytes(keys.synced)),
        () => vault.replace("nobody's", keys.browser),
        () => vault.replace(id("browser"), `${keys.browser}\u0000ж`),
      ),
    "Vault.detect": () =>
      every(
        () => vault.detect(keys.browser),
        () => vault.detect(7),
      ),
    "Vault.entries": () => vault.entries,
    "Vault.problems": () => vault.problems,
    "Vault.dismiss": () => every(() => vault.dismiss(caught)),
    "Vault.unlocked": () => vault.unlocked,
    "Vault.slots": () => vault.slots,
    "Vault.autoLockMinutes": () => {
      vault.autoLockMinutes = 30;
      return vault.autoLockMinutes;
    },
    "Vault.allowsEnvelope": () => {
      vault.allowsEnvelope = true;
      return vault.allowsEnvelope;
    },
    "Vault.deviceUsage": () => vault.deviceUsage(),
    "Vault.persistent": () => vault.persistent,
    "Vault.durable": () => vault.durable,
    "Vault.sub": () => vault.sub,
    "Vault.companion": () => vault.companion,
    "Vault.providers": () => vault.providers,
    "Vault.baseURL": () =>
      every(
        () => vault.baseURL("demo"),
        () => vault.baseURL(keys.browser),
      ),
    "Vault.options": () =>
      every(
        () => vault.options("demo"),
        () => vault.options("demo", "ai-sdk"),
        () => vault.options("x"),
      ),
    "Vault.test": () => every(...vault.entries.map((it: Any) => () => vault.test(it.id))),
    "Vault.update": () =>
      every(
        () => vault.update(id("browser"), { label: "renamed" }),
        () => vault.update(id("synced"), { isActive: true }),
        () => vault.update("nobody's", {}),
      ),
    "Vault.reorder": () => vault.reorder("demo", vault.entries.map((it: Any) => it.id).reverse()),
    "Vault.headersFor": () =>
      every(
        ...vault.entries.map((it: Any) => () => {
          const path = "/forward/demo/v1/chat/completions";
          return vault.headersFor("demo", { method: "POST", path, entry: it.id });
        }),
        () => vault.headersFor("demo", { method: "GET", path: "/forward/demo/v1/models" }),
      ),
    "Vault.fetch": () =>
      every(
        ...vault.entries.map((it: Any) => () => {
          const headers = { "content-type": "application/json", "Keyseal-Entry": it.id };
          const url = `${vault.baseURL("demo")}/chat/completions`;
          return vault.fetch(url, { method: "POST", headers, body: chat });
        }),
        () => vault.fetch("https://evil.example.com/"),
        () => vault.fetch(`${vault.baseURL("demo")}/none`),
      ),
    "Vault.servedBy": () =>
      every(async () => {
        const answer = await vault.fetch(`${vault.baseURL("demo")}/models`);
        return [answer, vault.servedBy(answer)];
      }),
    "Vault.records": () => vault.records(),
    "Vault.sealed": () => vault.sealed(),
    "Vault.usage": () =>
      every(
        () => vault.usage({ by: ["day", "provider", "model", "entry"] }),
        () => vault.usage({ by: [keys.browser] }),
      ),
    "Vault.usageCsv": () => vault.usageCsv({ by: ["week", "model", "entry"] }),
    "Vault.activity": () =>
      every(
        () => vault.activity(),
        () => vault.activity({ entry: id("synced"), since: new Date(0) }),
        () => vault.activity({ action: "KEY" }),
      ),
    "Vault.sealNote": () =>
      every(
        async () => (sealed = await vault.sealNote("walk", "a note")),
        () => vault.sealNote(keys.browser, ""),
        () => vault.sealNote("", keys.browser),
        () => vault.sealNote(7, {}),
      ),
    // Whatever stands in the vault's records, under every name that is near it: a note, or an error.
    "Vault.openNote": () =>
      every(
        () => vault.openNote("walk", sealed),
        ...jwes(vault.records()).flatMap(([jwe, names]) =>
          names.map((name) => () => vault.openNote(name, jwe)),
        ),
      ),
    "Vault.refresh": () => vault.refresh(),
    "KeysealError.name": () => caught.name,
    "KeysealError.code": () => caught.code,
    "KeysealError.next": () => caught.next,
    "KeysealError.status": () => caught.status,
    "KeysealError.alternatives": () => caught.alternatives,
    "KeysealError.from": () =>
      every(
        () => keyseal.KeysealError.from(caught),
        () => keyseal.KeysealError.from("x"),
      ),
    "Vault.lock": () => vault.lock(),
    "Vault.unlock": () =>
      every(
        () => vault.add(keys.browser, { storage: "browser", provider: "demo" }),
        () => vault.unlock({ passphrase: "wrong" }),
        () => vault.unlock({ recoveryCode: "0000" }),
        () => vault.unlock(),
      ),
    "Vault.revoke": () => every(...vault.entries.map((it: Any) => () => vault.revoke(it.id))),
    "Vault.startOver": () => every(() => vault.startOver()),
    "Vault.close": () => vault.close(),
  };

  const back: Steps = {
    companionOptions: () =>
      every(
        async () => {
          const path = "/forward/demo/v1/chat/completions";
          const envelope = await vault.headersFor("demo", {
            method: "POST",
            path,
            entry: id("browser"),
          });
          return server.companionOptions({ companion, token, provider: "demo", envelope });
        },
        () => server.companionOptions({ companion, token, provider: "demo" }),
        () => server.companionOptions({ companion, token, provider: keys.browser }),
      ),
    "KeysealError.name": () => caught.name,
    "KeysealError.code": () => caught.code,
    "KeysealError.next": () => caught.next,
    "KeysealError.status": () => caught.status,
    "KeysealError.alternatives": () => caught.alternatives,
    "KeysealError.from": () => server.KeysealError.from(caught),
  };

  const oauth: Any = await load("oauth/index.js");
  const callback = { callback: location.href };
  const signIn = async (code: string) => {
    const begun = new URL(await oauth.startOAuth("openrouter", callback));
    const back = new URL(begun.searchParams.get("callback_url") ?? "");
    back.searchParams.set("code", code);
    return oauth.finishOAuth(vault, back.href, { label: "signed in" });
  };
  const signedIn: Steps = {
    oauthProviders: () => oauth.oauthProviders,
    startOAuth: () =>
      every(
        () => oauth.startOAuth("openrouter", callback),
        () => oauth.startOAuth(keys.browser, callback),
      ),
    isOAuthReturn: () => oauth.isOAuthReturn(location.href),
    finishOAuth: () =>
      every(
        () => signIn("good"),
        () => signIn("refused"),
        () => signIn("none"),
        () => oauth.finishOAuth(vault, location.href),
      ),
    withoutOAuth: () => oauth.withoutOAuth(`${location.href}?code=good`),
  };

  const { relay }: Any = await load("relay/index.js");
  const blind: Steps = {
    relay: () =>
      every(
        async () => {
          const opened = await keyseal.Vault.open({
            companion,
            token: () => token,
            relay: relay(),
          });
          const all = await every(
            ...opened.entries.map((it: Any) => () => opened.test(it.id)),
            () => opened.allowsEnvelope,
            () => opened.deviceUsage(),
          );
          opened.close();
          return all;
        },
        () => relay({ roots: [keys.browser] }),
        () => relay({ wasm: keys.browser, worker: false }),
      ),
  };

  // What the elements alone do: behind no entry point, but in the page all the same.
  const { insideOf, fitInside }: Any = await load("vault/inside.js");
  let file = "";
  const proof = { passphrase };
  const inside: Steps = {
    insideOf: () =>
      every(
        () => insideOf(vault),
        () => insideOf({}),
      ),
    fitInside: () => every(() => fitInside({}, {})),
    "Inside.addPassphrase": () => insideOf(vault).addPassphrase(passphrase),
    "Inside.makeRecoveryCode": () => insideOf(vault).makeRecoveryCode(proof),
    "Inside.keepRecoveryCode": () => insideOf(vault).keepRecoveryCode(),
    "Inside.addPasskey": () => insideOf(vault).addPasskey("walker", proof),
    "Inside.addDevice": () => every(() => insideOf(vault).addDevice(proof)),
    "Inside.exportEntries": async () => {
      file = (await insideOf(vault).exportEntries(proof, passphrase)).file;
      return file;
    },
    "Inside.importEntries": () =>
      every(
        () => insideOf(vault).importEntries(file, passphrase),
        () => insideOf(vault).importEntries(file, "wrong"),
      ),
    "Inside.trustIdentity": () =>
      every(
        () => insideOf(vault).trustIdentity(vault.companion.fingerprint),
        () => insideOf(vault).trustIdentity(keys.browser),
      ),
    "Inside.platformAllowed": () => insideOf(vault).platformAllowed(),
    "Inside.allowPlatform": () =>
      every(
        () => insideOf(vault).allowPlatform("openai", false),
        () => insideOf(vault).allowPlatform("nobody", true),
      ),
    "Inside.keepSlots": () =>
      insideOf(vault).keepSlots(
        vault.slots
          .filter((it: Any) => it.kind === "device" || it.kind === "passphrase")
          .map((it: Any) => ({
            slot: it.id,
            ...(it.kind === "passphrase" ? { with: proof } : {}),
          })),
      ),
  };

  // The wasm module itself, with a vault of another user.
  const wasm: Any = await load("wasm/keyseal.js");
  const wellKnown = await (await fetch(`${companion}/.well-known/keyseal`)).json();
  const request = { method: "POST", path: "/forward/demo/v1/chat/completions", token };
  const add = { rid: "core", provider: "demo" };
  let core: Any;
  let exported = "";
  const module: Steps = {
    default: () => wasm.default(),
    initSync: () => every(() => wasm.initSync({ module: new Uint8Array(4) })),
    detect: () =>
      every(
        () => wasm.detect(keys.core),
        () => wasm.detect(bytes(keys.core)),
      ),
    fingerprint: () => every(() => wasm.fingerprint(keys.core)),
    newEntryId: () => wasm.newEntryId(),
    providers: () => wasm.providers(),
    sealKey: () =>
      every(
        () => wasm.sealKey(keys.core, seal),
        () => wasm.sealKey(keys.core, { ...seal, provider: keys.core, jwk: { kty: keys.core } }),
      ),
    "VaultCore.open": async () => {
      core = await wasm.VaultCore.open({ issuer: companion, sub: "core" });
      return core;
    },
    "VaultCore.acceptKeyset": () => core.acceptKeyset(wellKnown, undefined),
    "VaultCore.addBrowser": () =>
      every(
        () => core.addBrowser(keys.core, add),
        () => core.addBrowser(keys.core, { ...add, rid: "" }),
        () => core.addBrowser(keys.core, { ...add, host: "EVIL/" }),
      ),
    "VaultCore.replaceBrowser": () =>
      every(
        () => core.replaceBrowser("core", bytes(keys.core)),
        () => core.replaceBrowser("none", keys.core),
      ),
    "VaultCore.requestHeaders": () =>
      every(
        () => core.requestHeaders("core", request),
        () => core.requestHeaders("none", request),
      ),
    "VaultCore.seal": () =>
      every(
        () => core.seal(keys.core, add),
        () => core.seal(keys.core, {}),
      ),
    "VaultCore.entries": () => core.entries(),
    "VaultCore.update": () =>
      every(
        () => core.update("core", { label: "l" }),
        () => core.update("none", {}),
      ),
    "VaultCore.putSynced": () => core.putSynced([{ id: "copy", sealedKey: {} }]),
    "VaultCore.rawRecords": () => core.rawRecords(),
    "VaultCore.notes": () => core.notes(),
    "VaultCore.setNote": () => core.setNote("walk", "note"),
    "VaultCore.note": () => core.note("walk"),
    "VaultCore.appNote": () =>
      every(
        () => (coreNote = core.appNote(false, "walk", "a note")),
        () => core.appNote(true, "walk", coreNote),
        () => core.appNote(false, keys.core, ""),
        ...jwes(core.rawRecords()).flatMap(([jwe, names]) =>
          names.map((name) => () => core.appNote(true, name, jwe)),
        ),
      ),
    "VaultCore.relayGrant": () =>
      every(
        () => core.relayGrant(["core"]),
        () => core.relayGrant([keys.core]),
      ),
    "VaultCore.reload": () => core.reload(),
    "VaultCore.slots": () => core.slots(),
    "VaultCore.addPassphrase": () => core.addPassphrase(passphrase, undefined),
    "VaultCore.makeRecoveryCode": () => core.makeRecoveryCode(proof),
    "VaultCore.keepRecoveryCode": () => core.keepRecoveryCode(),
    "VaultCore.addPasskey": () => core.addPasskey("walker", proof),
    "VaultCore.addDevice": () => every(() => core.addDevice(proof)),
    "VaultCore.exportEntries": async () => {
      exported = (await core.exportEntries(proof, passphrase)).file;
      return exported;
    },
    "VaultCore.importEntries": () => every(() => core.importEntries(exported, passphrase)),
    "VaultCore.keepSlots": () =>
      core.keepSlots(
        core
          .slots()
          .filter((it: Any) => it.kind === "device" || it.kind === "passphrase")
          .map((it: Any) => ({ slot: it.id, ...(it.kind === "passphrase" ? proof : {}) })),
      ),
    "VaultCore.unlocked": () => core.unlocked,
    "VaultCore.locked": () => core.locked,
    "VaultCore.persistent": () => core.persistent,
    "VaultCore.prefix": () => core.prefix,
    "VaultCore.deviceLost": () => core.deviceLost,
    "VaultCore.lock": () => core.lock(),
    "VaultCore.unlock": () =>
      every(
        () => core.unlock({ passphrase: "wrong" }),
        () => core.unlock(proof),
      ),
    "VaultCore.remove": () => core.remove("core"),
    "VaultCore.startOver": () => core.startOver(),
    "VaultCore.destroy": () => core.destroy(),
    "VaultCore.free": () => core.free(),
  };

  const steps: Steps = {};
  const named = { index, oauth: signedIn, relay: blind, server: back, inside, wasm: module };
  for (const [place, its] of Object.entries(named)) {
    for (const [name, step] of Object.entries(its)) steps[`${place} ${name}`] = step;
  }
  Object.assign(window.walk, { steps, walked, run, note, hear });
}
