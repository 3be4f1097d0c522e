import type { KeysealError } from "../errors.js";
import type { Grant } from "../relay/wasm.js";
import type { Entry, TestResult } from "../types.js";
import type { DeviceUsage } from "./device-usage.js";
import type { Answered } from "./in-turn.js";

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
  /** What the companion says that it allows, by name. */
  limits(): Readonly<Record<string, unknown>> | undefined;
  /** What opens these entries, for the relay's wasm alone. */
  grant(entries: string[]): Promise<Grant>;
  /** The error for a vault that was locked meanwhile. */
  locked(): KeysealError;
  /** Adds rows to what is kept of usage. Rejects where that cannot be now. */
  count(rows: readonly DeviceUsage[]): Promise<void>;
}

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

/** A vault's use of the relay. */
export interface ByRelay {
  /** A provider's answer; `route` and `path` are the two parts of the address below `/forward`. */
  fetch(entry: Entry, route: string, path: string, asked: Relayable): Promise<Answered>;
  /** What the provider says of a key. */
  test(entry: Entry): Promise<TestResult>;
  /** Has all that was counted so far stored; rejects where that cannot be now, and goes on keeping it. */
  counted(): Promise<void>;
  /** Ends what is served by ciphertext that is no longer stored; `now` says whether one still is. */
  check(now: (record: string) => boolean): Promise<void>;
  /** Forgets the keys and ends all requests with this error. */
  wipe(error: KeysealError): void;
}

const makers = new WeakMap<Relay, (parts: RelayParts) => ByRelay>();

/**
 * Through here alone a relay gets what opens entries: one that somebody else made gets nothing. Like `insideOf`, it
 * stands in no entry point of the package.
 */
export function byRelay(relay: Relay, parts: RelayParts): ByRelay | undefined {
  return makers.get(relay)?.(parts);
}

/** For `keyseal/relay`, when it makes one. */
export function fitRelay(make: (parts: RelayParts) => ByRelay): Relay {
  const relay = Object.freeze({}) as Relay;
  makers.set(relay, make);
  return relay;
}
