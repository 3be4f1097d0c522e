import { KeysealError } from "../errors.js";
import type { Against } from "../relay/messages.js";
import type { Grant } from "../relay/wasm.js";
import type { Entry, TestResult } from "../types.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { Companion } from "./companion.js";
import type { DeviceCounts } from "./device-usage.js";
import type { Answered } from "./in-turn.js";
import { TEST_TIMEOUT_MS } from "./keeper.js";
import type { Latch } from "./latch.js";
import type { Notes } from "./notes.js";
import type { Pinned } from "./pinned.js";
import { type Relay, type RelayRequest, type RelaySession, sessionOf } from "./relay-door.js";

/** A request under a browser-only entry, as `vault.fetch` was asked for it. */
export interface Relayable {
  url: URL;
  /** As the companion sees it. */
  path: string;
  method: string;
  headers: Headers;
  input: RequestInfo | URL;
  init: RequestInit | undefined;
  /** Whether the body can be read a second time. */
  replayable: boolean;
}

/** A compact JWE; what stands around it in an entry's record is display, and changes as it is used. */
const CIPHERTEXT = /[\w-]+\.[\w-]*(?:\.[\w-]+){3}/;

const SETTING = "envelope";
/** This provider is the companion itself: there is nobody in between to be blind. */
export const COMPANIONS_OWN = "demo";
/** There is no relay to be had, and nothing was sent: another way is no second attempt. */
const NO_RELAY: ReadonlySet<string> = new Set([
  "relay_missing",
  "relay_blocked",
  "wasm_blocked",
  "host_refused",
]);
const CONNECTIONS = 16;
/** More of a test's answer is not looked at. */
const LOOK_BYTES = 64 * 1024;

/** Which way a browser-only key goes, and the blind one of them. */
export class Relayed {
  readonly #core: VaultCore;
  readonly #companion: Companion;
  readonly #notes: Notes;
  readonly #pinned: Pinned;
  readonly #latch: Latch;
  readonly #session: RelaySession | undefined;

  constructor(
    parts: {
      core: VaultCore;
      companion: Companion;
      notes: Notes;
      pinned: Pinned;
      latch: Latch;
      counts: DeviceCounts;
    },
    relay: Relay | undefined,
  ) {
    this.#core = parts.core;
    this.#companion = parts.companion;
    this.#notes = parts.notes;
    this.#pinned = parts.pinned;
    this.#latch = parts.latch;
    if (relay === undefined) return;
    this.#session = sessionOf(relay, {
      companion: parts.companion.url,
      token: () => parts.companion.token(),
      connections: () => this.#connections(),
      grant: (entries) => this.#grant(entries),
      locked: () => this.#latch.locked(),
      used: (user, used) => {
        if (user.isCounted) parts.counts.add(user, used);
      },
    });
    if (this.#session) return;
    throw new KeysealError("validation", "This is no relay of this package.", {
      next: 'Pass relay() of "keyseal/relay", from the same copy of the package; "keyseal/inline" has none.',
    });
  }

  /** Chosen for this vault, in all its tabs; where nobody chose, an app that brought a relay means it. */
  get allowsEnvelope(): boolean {
    return this.#chosen ?? this.#session === undefined;
  }

  set allowsEnvelope(allowed: boolean) {
    if (typeof allowed !== "boolean") {
      throw new KeysealError("validation", "Whether envelopes are allowed is true or false.");
    }
    this.#notes.write(SETTING, allowed);
  }

  get #chosen(): boolean | undefined {
    const chosen = this.#notes.read(SETTING);
    return typeof chosen === "boolean" ? chosen : undefined;
  }

  /** Throws where this entry may not travel in an envelope. */
  checkEnvelope({ provider }: Entry): void {
    if (this.allowsEnvelope || provider === COMPANIONS_OWN) return;
    throw this.#session
      ? new KeysealError(
          "envelope_not_allowed",
          "This key is only in this browser and goes by the relay, which cannot carry this request.",
          {
            next: "Use vault.fetch and the provider's own address (vault.baseURL), or allow request envelopes (vault.allowsEnvelope).",
          },
        )
      : new KeysealError(
          "relay_not_loaded",
          "This key is only in this browser and goes by the relay alone, which this app did not load.",
          {
            next: 'Open the vault with relay: relay() of "keyseal/relay", or allow request envelopes (vault.allowsEnvelope).',
          },
        );
  }

  /** The provider's answer by the relay; undefined where the request goes in an envelope. */
  async fetch(entry: Entry, asked: Relayable): Promise<Answered | undefined> {
    if (entry.provider === COMPANIONS_OWN) return undefined;
    const [, route, path] = /^\/forward\/([^/]+)(\/.*)$/s.exec(asked.path) ?? [];
    if (!this.#session || route === undefined || path === undefined) {
      this.checkEnvelope(entry);
      return undefined;
    }
    this.#latch.used();
    const { input, init } = asked;
    try {
      const response = await this.#session.send({
        entry: entry.id,
        provider: entry.provider,
        route: decodeURIComponent(route),
        host: entry.host ?? undefined,
        isCounted: true,
        method: asked.method,
        path: path + asked.url.search,
        headers: providerHeaders(asked.headers),
        input,
        init,
        url: asked.url.href,
        signal: init?.signal ?? (input instanceof Request ? input.signal : undefined),
      });
      response.headers.set("Keyseal-Attempts", "1");
      if (!asked.replayable) response.headers.set("Keyseal-Body", "once");
      const against = await this.#against(this.#session, entry, response);
      return { response, isOwn: true, against };
    } catch (error) {
      if (!this.#isNoRelay(error) || !asked.replayable) throw error;
      return undefined;
    }
  }

  /** What the provider says of a key, asked by the relay; undefined where it has to be an envelope. */
  async test(entry: Entry): Promise<TestResult | undefined> {
    if (entry.provider === COMPANIONS_OWN) return undefined;
    if (!this.#session) {
      this.checkEnvelope(entry);
      return undefined;
    }
    this.#latch.used();
    try {
      return await this.#test(this.#session, entry);
    } catch (error) {
      if (!this.#isNoRelay(error)) throw error;
      return undefined;
    }
  }

  /** The vault changed: what was locked, revoked or replaced is used no longer. */
  changed(): void {
    if (!this.#core.unlocked) this.end();
    else {
      void this.#session?.check((record) => {
        const ciphertext = CIPHERTEXT.exec(record)?.[0] ?? record;
        return this.#core.rawRecords().some(({ value }) => value.includes(ciphertext));
      });
    }
  }

  end(): void {
    this.#session?.wipe(this.#latch.locked());
  }

  async #test(session: RelaySession, entry: Entry): Promise<TestResult> {
    const { provider } = entry;
    const began = Date.now();
    const verdict = (status: TestResult["status"], statusDetail: string | null): TestResult => ({
      status,
      statusDetail,
      testedAt: new Date().toISOString(),
      latencyMs: Date.now() - began,
    });
    const call = await session.testCall(provider);
    if (!call) {
      const none =
        "By the relay this provider has no test that costs nothing; the first use will tell.";
      return verdict("unknown", none);
    }
    const { method, path, headers, body } = call;
    const url = `${this.#companion.url}/forward/${provider}${path}`;
    const init: RequestInit = body === undefined ? {} : { body };
    const request: RelayRequest = {
      entry: entry.id,
      provider,
      route: provider,
      host: entry.host ?? undefined,
      isCounted: false,
      method,
      path,
      headers: new Headers(headers),
      input: url,
      init,
      url,
      signal: AbortSignal.timeout(TEST_TIMEOUT_MS),
    };
    let answer: Response;
    let text: string;
    try {
      answer = await session.send(request);
      text = await beginning(answer);
    } catch (error) {
      const { code, message } = KeysealError.from(error);
      if (!UPSTREAM.has(code) && !isTimeout(error)) throw error;
      return verdict("unknown", `The test could not be made: ${message}`);
    }
    const contentType = answer.headers.get("content-type") ?? undefined;
    const { status } = answer;
    const judged = await session.judge({ provider, status, contentType, body: text });
    return verdict(judged as TestResult["status"], DETAILS[judged]?.(status) ?? null);
  }

  /** What an answer says against its key. A stream that begins well is handed on at once. */
  async #against(session: RelaySession, { provider }: Entry, answer: Response): Promise<Against> {
    const { status } = answer;
    const contentType = answer.headers.get("content-type") ?? undefined;
    if (status < 400 && !contentType?.startsWith("application/json")) return undefined;
    const looked = { provider, status, contentType };
    const against = await session.against({ ...looked, body: undefined });
    if (against !== "look") return against;
    return session.against({ ...looked, body: await beginning(answer.clone()) });
  }

  async #grant(entries: string[]): Promise<Grant> {
    try {
      return await this.#core.relayGrant(entries);
    } catch (error) {
      const problem = KeysealError.from(error);
      throw problem.code === "vault_locked" ? this.#latch.locked() : problem;
    }
  }

  #connections(): number {
    const told = this.#pinned.limits?.relayConnections;
    return typeof told === "number" && told > 0 ? told : CONNECTIONS;
  }

  #isNoRelay(error: unknown): boolean {
    return this.allowsEnvelope && NO_RELAY.has(KeysealError.from(error).code);
  }
}

/** What says of the way to the provider that it could not be gone, and nothing of the key. */
const UPSTREAM: ReadonlySet<string> = new Set([
  "upstream_unreachable",
  "upstream_timeout",
  "upstream_redirect",
  "certificate_refused",
  "tls_refused",
  "answer_malformed",
  "answer_cut_off",
  "relay_interrupted",
]);

const DETAILS: Readonly<Record<string, (status: number) => string>> = {
  invalid: () => "The provider refuses the key.",
  limited: (status) =>
    status === 402
      ? "The key is good, but there is nothing left to pay with."
      : status === 429
        ? "The key is good, but out of requests or funds for now."
        : "The key is good, but not allowed to do this.",
  unknown: (status) =>
    `The provider answered with status ${status}, which says nothing of the key.`,
};

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** What a browser's own `fetch` would add; identity and what was for the companion stay here. */
function providerHeaders(asked: Headers): Headers {
  const headers = new Headers(asked);
  headers.delete("authorization");
  for (const name of [...headers.keys()]) if (name.startsWith("keyseal-")) headers.delete(name);
  if (!headers.has("accept")) headers.set("accept", "*/*");
  const agent = globalThis.navigator?.userAgent;
  if (agent && !headers.has("user-agent")) headers.set("user-agent", agent);
  return headers;
}

async function beginning(answer: Response): Promise<string> {
  const reader = answer.body?.getReader();
  const bytes: number[] = [];
  while (reader && bytes.length < LOOK_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.push(...value);
  }
  await reader?.cancel();
  return new TextDecoder().decode(Uint8Array.from(bytes.slice(0, LOOK_BYTES)));
}
