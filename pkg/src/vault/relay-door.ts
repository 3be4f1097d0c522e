import type { KeysealError } from "../errors.js";
import type { Against, Judged, Looked, Used } from "../relay/messages.js";
import type { Grant, TestCall } from "../relay/wasm.js";

declare const isRelay: unique symbol;

/** The blind relay, for `Vault.open`: what `relay()` of `keyseal/relay` gives. There is nothing to be done with it. */
export interface Relay {
  readonly [isRelay]: true;
}

/** What a relay needs of the vault that uses it. */
export interface RelayParts {
  /** The companion's address. */
  companion: string;
  token(): Promise<string>;
  /** How many connections the companion allows. */
  connections(): number;
  /** What opens these entries, for the relay's wasm alone. */
  grant(entries: string[]): Promise<Grant>;
  /** The error for a vault that was locked meanwhile. */
  locked(): KeysealError;
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

/** A vault's use of the relay. */
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

const makers = new WeakMap<Relay, (parts: RelayParts) => RelaySession>();

/**
 * Through here alone a relay gets what opens entries: one that somebody else made gets nothing. Like `insideOf`, it
 * stands in no entry point of the package.
 */
export function sessionOf(relay: Relay, parts: RelayParts): RelaySession | undefined {
  return makers.get(relay)?.(parts);
}

/** For `keyseal/relay`, when it makes one. */
export function fitRelay(make: (parts: RelayParts) => RelaySession): Relay {
  const relay = Object.freeze({}) as Relay;
  makers.set(relay, make);
  return relay;
}
