import { KeysealError } from "../errors.js";
import type { RelayParts } from "../vault/relay-door.js";
import { bodyOf } from "./body.js";
import { Call } from "./call.js";
import { type Deferred, deferred } from "./deferred.js";
import { errorOf } from "./failures.js";
import type { Against, Judged, Looked, Setting, ToEngine, ToPage, Used } from "./messages.js";
import type { Running, Starter } from "./start.js";
import type { TestCall } from "./wasm.js";

/** An engine that was told to forget everything, and does not say that it did, is ended all the same. */
const WIPED_WITHIN_MS = 1_000;

/** What holds between two wipes: an engine, and what it was given. */
interface Life {
  running: Promise<Running>;
  /** By entry: the ciphertext that the engine has. */
  granted: Map<string, Promise<string>>;
  wiped: Promise<void>;
}

/** What a session needs of the vault that it is for. */
export interface SessionParts extends Pick<RelayParts, "companion" | "token" | "grant" | "locked"> {
  /** How many connections the companion allows. */
  connections(): number;
  used(user: RelayUser, used: Used): void;
}

/** Whose usage it is. */
export interface RelayUser {
  entry: string;
  provider: string;
  /** A test of a key is no use of it. */
  isCounted: boolean;
}

/** One request under a browser-only entry. */
export interface RelayRequest extends RelayUser {
  /** The provider as the companion takes it in its paths: of several origins of one, also which. */
  route: string;
  host: string | undefined;
  method: string;
  /** Path and query at the provider. */
  path: string;
  headers: Headers;
  /** As the caller gave it, for the body. */
  input: RequestInfo | URL;
  init: RequestInit | undefined;
  /** What the answer says it came from. */
  url: string;
  signal: AbortSignal | undefined;
}

/** What is asked of the engine, between its start and a wipe. */
export interface RelaySession {
  send(request: RelayRequest): Promise<Response>;
  testCall(provider: string): Promise<TestCall | undefined>;
  judge(judged: Judged): Promise<string>;
  against(looked: Looked): Promise<Against>;
  /** Ends what is served by ciphertext that is no longer stored; `now` says whether one still is. */
  check(now: (record: string) => boolean): Promise<void>;
  /** Forgets the keys and ends all requests with this error. */
  wipe(error: KeysealError): void;
}

/** The engine in its worker, or in the page, as one vault uses it. */
export class Session implements RelaySession {
  readonly #parts: SessionParts;
  readonly #start: Starter;
  readonly #roots: readonly Uint8Array[];
  readonly #calls = new Map<number, Call>();
  readonly #asked = new Map<number, Deferred<TestCall | string | undefined>>();
  /** By request: whose usage it is. It may be told after the request was given up. */
  readonly #users = new Map<number, RelayUser>();
  #life: Life | undefined;
  #ids = 0;

  constructor(parts: SessionParts, start: Starter, roots: readonly Uint8Array[]) {
    this.#parts = parts;
    this.#start = start;
    this.#roots = roots;
  }

  async send(request: RelayRequest): Promise<Response> {
    const { entry, provider, isCounted, route, host, method, path, url, signal } = request;
    signal?.throwIfAborted();
    const life = this.#alive();
    const running = await this.#granted(life, entry);
    const body = await bodyOf(request.input, request.init);
    const token = await this.#parts.token();
    signal?.throwIfAborted();
    this.#check(life);

    const headers = [...request.headers];
    if (body.type && !request.headers.has("content-type")) {
      headers.push(["content-type", body.type]);
    }
    this.#ids += 1;
    const id = this.#ids;
    const asked = { provider, route, host, entry, method, path, headers, body: body.kind, token };
    running.send({ type: "request", id, asked });
    const call = new Call({
      id,
      entry,
      url,
      signal,
      send: running.send,
      over: () => this.#calls.delete(id),
    });
    this.#calls.set(id, call);
    this.#users.set(id, { entry, provider, isCounted });
    void call.upload(body.stream);
    return call.response;
  }

  async testCall(provider: string): Promise<TestCall | undefined> {
    return (await this.#ask((id) => ({ type: "testCall", id, provider }))) as TestCall | undefined;
  }

  async judge(judged: Judged): Promise<string> {
    return (await this.#ask((id) => ({ type: "judge", id, ...judged }))) as string;
  }

  async against(looked: Looked): Promise<Against> {
    return (await this.#ask((id) => ({ type: "against", id, ...looked }))) as Against;
  }

  /** What an entry's ciphertext is to be, by `now`; whoever is served by another is ended. */
  async check(now: (record: string) => boolean): Promise<void> {
    const life = this.#life;
    if (!life) return;
    for (const [entry, granted] of [...life.granted]) {
      const record = await granted.catch(() => undefined);
      if (record === undefined || now(record) || life !== this.#life) continue;
      this.#forget(life, entry);
    }
  }

  wipe(error: KeysealError): void {
    const life = this.#life;
    this.#life = undefined;
    for (const call of [...this.#calls.values()]) call.stop(error);
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
    if (!life) return;
    const last = this.#ids;
    void end(life).then(() => {
      for (const id of this.#users.keys()) if (id <= last) this.#users.delete(id);
    });
  }

  #forget(life: Life, entry: string): void {
    life.granted.delete(entry);
    const error = new KeysealError("entry_changed", "This key was revoked or replaced meanwhile.", {
      next: "Ask again: what is stored now is used.",
    });
    // With the last of them the vault key goes too; it may be another one by now.
    if (life.granted.size === 0) {
      this.wipe(error);
      return;
    }
    void life.running.then(({ send }) => send({ type: "forget", entry }));
    for (const call of [...this.#calls.values()]) if (call.entry === entry) call.stop(error);
  }

  #alive(): Life {
    if (this.#life) return this.#life;
    const wiped = deferred<void>();
    const running = this.#start(this.#setting(), (message) => {
      if (message.type === "wiped") wiped.resolve();
      else this.#hear(message);
    });
    const life: Life = { running, granted: new Map(), wiped: wiped.promise };
    life.running.catch(() => {
      if (this.#life === life) this.#life = undefined;
    });
    this.#life = life;
    return life;
  }

  #setting(): Setting {
    const { companion } = this.#parts;
    return { companion, connections: this.#parts.connections(), roots: this.#roots };
  }

  /** The engine, once it can open this entry. */
  async #granted(life: Life, entry: string): Promise<Running> {
    const running = await life.running;
    this.#check(life);
    let granted = life.granted.get(entry);
    if (!granted) {
      granted = this.#grant(entry);
      life.granted.set(entry, granted);
      granted.catch(() => {
        if (life.granted.get(entry) === granted) life.granted.delete(entry);
      });
    }
    await granted;
    this.#check(life);
    return running;
  }

  async #grant(entry: string): Promise<string> {
    const life = this.#alive();
    const grant = await this.#parts.grant([entry]);
    this.#check(life);
    await this.#ask((id) => ({ type: "grant", id, grant }));
    return grant.records[0]?.record ?? "";
  }

  /** What was begun before a wipe is not gone on with after it. */
  #check(life: Life): void {
    if (this.#life !== life) throw this.#parts.locked();
  }

  async #ask(question: (id: number) => ToEngine): Promise<TestCall | string | undefined> {
    const running = await this.#alive().running;
    this.#ids += 1;
    const answer = deferred<TestCall | string | undefined>();
    this.#asked.set(this.#ids, answer);
    running.send(question(this.#ids));
    return answer.promise;
  }

  #hear(message: ToPage): void {
    if (!("id" in message)) return;
    const { id } = message;
    const asked = this.#asked.get(id);
    if (asked) {
      this.#asked.delete(id);
      if (message.type === "told") asked.resolve(message.answer);
      else if (message.type === "failed") asked.reject(errorOf(message.failure));
      return;
    }
    const user = this.#users.get(id);
    if (message.type === "used" && user) this.#parts.used(user, message.used);
    if (message.type === "end" || message.type === "failed") this.#users.delete(id);
    this.#calls.get(id)?.hear(message);
  }
}

/** Has an engine forget all that it was given, and ends it. */
async function end({ running, wiped }: Life): Promise<void> {
  const engine = await running.catch(() => undefined);
  if (!engine) return;
  engine.send({ type: "wipe" });
  await Promise.race([wiped, new Promise((late) => setTimeout(late, WIPED_WITHIN_MS))]);
  engine.end();
}
