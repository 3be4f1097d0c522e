import type { Against, Asked, BodyKind } from "./messages.js";

// What the relay's wasm exports, as it is used here. Its own declarations are there only where it was built.

/** What lets the relay's wasm open entries: the vault key, under a key made for this one message, and ciphertext. */
export interface Grant {
  key: CryptoKey;
  wrapped: Uint8Array;
  vault: string;
  sub: string;
  records: { id: string; record: string }[];
}

/** Holds the vault key inside the wasm. */
export interface Keys {
  readonly vault: string;
  put(id: string, record: string): void;
  remove(id: string): void;
  wipe(): void;
  free(): void;
}

/** One TLS connection, and HTTP in it. All its input and output goes through whoever holds it. */
export interface Connection {
  readonly serverName: string;
  /** What stands behind the companion's address. */
  readonly relayPath: string;
  readonly state: "handshaking" | "idle" | "busy" | "closed";
  /** Bytes of the downward stream that were used up. */
  readonly taken: number;
  receive(bytes: Uint8Array): void;
  receiveEnd(): void;
  outgoing(): Uint8Array<ArrayBuffer> | undefined;
  request(
    entry: string,
    method: string,
    path: string,
    headers: [string, string][],
    body: BodyKind,
  ): void;
  write(chunk: Uint8Array): number;
  finish(): void;
  next(): Part | undefined;
  close(): void;
  free(): void;
}

/** What an answer is made of, in order. */
export type Part =
  | { kind: "head"; status: number; headers: [string, string][] }
  | { kind: "chunk"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "end"; reusable: boolean };

/** What one answer said it used. */
export interface Counted {
  model?: string;
  inputTokens?: number;
  cachedTokens?: number;
  outputTokens?: number;
  reasoningTokens?: number;
  images?: number;
  audioMs?: number;
  characters?: number;
  costMicroUsd?: number;
}

/** Reads what an answer used, as it passes. */
export interface Counter {
  begin(headers: [string, string][]): void;
  push(bytes: Uint8Array): void;
  finish(whole: boolean): Counted;
  free(): void;
}

/** The module. */
export interface RelayWasm {
  default(input: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  RelayKeys: { accept(grant: Grant): Promise<Keys> };
  RelayConnection: new (
    keys: Keys,
    provider: string,
    entry: string,
    roots?: Uint8Array[],
  ) => Connection;
  RelayUsage: new (provider: string, method: string, path: string) => Counter;
  testCall(provider: string): TestCall | undefined;
  judge(
    provider: string,
    status: number,
    contentType: string | undefined,
    body: string,
  ): "valid" | "limited" | "invalid" | "unknown";
  against(
    provider: string,
    status: number,
    contentType: string | undefined,
    body: string | undefined,
  ): Against;
}

/** The catalogue's cheapest call of a provider. */
export type TestCall = Pick<Asked, "method" | "path" | "headers"> & { body?: string };
