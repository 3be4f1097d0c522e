import { KeysealError } from "../errors.js";
import type { Entry, TestResult } from "../types.js";
import type { Answered } from "../vault/in-turn.js";
import { TEST_TIMEOUT_MS } from "../vault/keeper.js";
import type { ByRelay, Relayable, RelayParts } from "../vault/relay-door.js";
import { Counts } from "./counts.js";
import type { Against } from "./messages.js";
import type { RelaySession, SessionParts } from "./session.js";

const CONNECTIONS = 16;
/** More of a test's answer is not looked at. */
const LOOK_BYTES = 64 * 1024;

/** Requests and tests under browser-only keys, as a vault asks for them. */
export class Requests implements ByRelay {
  readonly #companion: string;
  readonly #session: RelaySession;
  readonly #counts: Counts;

  constructor(parts: RelayParts, session: (parts: SessionParts) => RelaySession) {
    const { companion, limits, count } = parts;
    this.#companion = companion;
    this.#counts = new Counts(count);
    this.#session = session({
      companion,
      token: parts.token,
      grant: parts.grant,
      locked: parts.locked,
      connections: () => {
        const told = limits()?.relayConnections;
        return typeof told === "number" && told > 0 ? told : CONNECTIONS;
      },
      used: (user, used) => {
        if (user.isCounted) this.#counts.add(user, used);
      },
    });
  }

  async fetch(entry: Entry, route: string, path: string, asked: Relayable): Promise<Answered> {
    const { input, init } = asked;
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
    return { response, isOwn: true, against: await this.#against(entry, response) };
  }

  async test(entry: Entry): Promise<TestResult> {
    const { provider } = entry;
    const began = Date.now();
    const verdict = (status: TestResult["status"], statusDetail: string | null): TestResult => ({
      status,
      statusDetail,
      testedAt: new Date().toISOString(),
      latencyMs: Date.now() - began,
    });
    const call = await this.#session.testCall(provider);
    if (!call) {
      const none =
        "By the relay this provider has no test that costs nothing; the first use will tell.";
      return verdict("unknown", none);
    }
    const { method, path, headers, body } = call;
    const url = `${this.#companion}/forward/${provider}${path}`;
    let answer: Response;
    let text: string;
    try {
      answer = await this.#session.send({
        entry: entry.id,
        provider,
        route: provider,
        host: entry.host ?? undefined,
        isCounted: false,
        method,
        path,
        headers: new Headers(headers),
        input: url,
        init: body === undefined ? {} : { body },
        url,
        signal: AbortSignal.timeout(TEST_TIMEOUT_MS),
      });
      text = await beginning(answer);
    } catch (error) {
      const { code, message } = KeysealError.from(error);
      if (!UPSTREAM.has(code) && !isTimeout(error)) throw error;
      return verdict("unknown", `The test could not be made. ${message}`);
    }
    const contentType = answer.headers.get("content-type") ?? undefined;
    const { status } = answer;
    const judged = await this.#session.judge({ provider, status, contentType, body: text });
    return verdict(judged as TestResult["status"], DETAILS[judged]?.(status) ?? null);
  }

  counted(): Promise<void> {
    return this.#counts.stored();
  }

  check(now: (record: string) => boolean): Promise<void> {
    return this.#session.check(now);
  }

  wipe(error: KeysealError): void {
    this.#session.wipe(error);
  }

  /** What an answer says against its key. A stream that begins well is handed on at once. */
  async #against({ provider }: Entry, answer: Response): Promise<Against> {
    const { status } = answer;
    const contentType = answer.headers.get("content-type") ?? undefined;
    if (status < 400 && !contentType?.startsWith("application/json")) return undefined;
    const looked = { provider, status, contentType };
    const against = await this.#session.against({ ...looked, body: undefined });
    if (against !== "look") return against;
    return this.#session.against({ ...looked, body: await beginning(answer.clone()) });
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
