import { closedBy, failureOf, silent } from "./failures.js";
import type { Asked, Failure } from "./messages.js";
import type { Connection } from "./wasm.js";

/** More than this is not given to the WebSocket at once: what it holds lies in memory. */
const MOST_BUFFERED = 512 * 1024;
/** A WebSocket does not tell when it has sent; so long until somebody looks again. */
const LOOK_AGAIN_MS = 8;
/** The companion stops sending where a MiB is not acknowledged. */
const ACK_EVERY = 128 * 1024;

const OPEN_WITHIN_MS = 25_000;
/** Longer than the companion lets a connection lie still: whoever is silent so long is gone. */
const SILENCE_MS = 150_000;
/** After a computer slept, a connection must show soon that it still lives. */
const AWAKE_WITHIN_MS = 15_000;

/** What comes of one request on a tunnel. */
export interface Exchange {
  readonly asked: Asked;
  /** Bytes of the answer that there is room for. */
  readonly room: number;
  head(status: number, headers: [string, string][]): void;
  chunk(bytes: Uint8Array<ArrayBuffer>): void;
  /** Bytes of the request's body that need no longer be kept. */
  taken(bytes: number): void;
  end(): void;
  failed(failure: Failure, seen: Seen): void;
}

/** How far a request had come. */
export interface Seen {
  /** Bytes of it were sent. */
  sent: boolean;
  /** The answer had begun. */
  answered: boolean;
}

/** Told of a tunnel's life. */
export interface Watch {
  /** The handshake is done: it takes requests. */
  opened(): void;
  /** It was never open; `upgraded` where the companion at least took the WebSocket. */
  notOpened(failure: Failure, upgraded: boolean): void;
  /** It is free for the next request. */
  idle(): void;
  /** It takes no more. */
  gone(): void;
}

/** One connection to a provider: TLS in the wasm, its bytes in a WebSocket to the companion. */
export class Tunnel {
  readonly #socket: WebSocket;
  readonly #watch: Watch;
  #connection: Connection | undefined;
  #opened = false;
  #upgraded = false;
  #over = false;
  #closed: Failure | undefined;
  #acked = 0;
  #heardAt = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  #exchange: Exchange | undefined;
  #body: Uint8Array[] = [];
  #finishing = false;
  #sent = false;
  #answered = false;

  constructor(address: string, token: string, connection: Connection, watch: Watch) {
    this.#watch = watch;
    this.#connection = connection;
    this.#socket = new WebSocket(address, ["keyseal.relay.v1", `keyseal.token.${token}`]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => {
      this.#upgraded = true;
      this.#heardAt = Date.now();
      this.#pump();
    };
    this.#socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      this.#heardAt = Date.now();
      this.#try(() => this.#connection?.receive(new Uint8Array(data)));
      this.#pump();
    };
    this.#socket.onclose = ({ code }) => this.#ended(code);
    // One that a policy forbids is not closed everywhere: it was never open.
    this.#socket.onerror = () => {
      if (!this.#upgraded) this.#ended(1006);
    };
  }

  get isUsable(): boolean {
    return this.#connection?.state === "idle" && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Begins a request; throws what the wasm has against it. Only on a usable tunnel. */
  begin(exchange: Exchange): void {
    const { entry, method, path, headers, body } = exchange.asked;
    this.#connection?.request(entry, method, path, headers, body);
    this.#exchange = exchange;
    this.#body = [];
    this.#finishing = false;
    this.#sent = false;
    this.#answered = false;
    this.#heardAt = Date.now();
    this.#pump();
  }

  /** Back to the others, of a request that was not begun. */
  release(): void {
    if (this.isUsable) this.#watch.idle();
    else this.close();
  }

  write(chunk: Uint8Array): void {
    this.#body.push(chunk);
    this.#pump();
  }

  finish(): void {
    this.#finishing = true;
    this.#pump();
  }

  /** There is room for more of the answer. */
  pull(): void {
    this.#heardAt = Date.now();
    this.#pump();
  }

  /** Looks whether the other side still lives. */
  tick(now: number, slept: boolean): void {
    if (this.#opened && !this.#exchange) {
      if (slept) this.close();
      return;
    }
    if (slept) this.#heardAt = now - SILENCE_MS + AWAKE_WITHIN_MS;
    const paused = this.#exchange !== undefined && this.#exchange.room <= 0;
    if (paused) return;
    const patience = this.#opened ? SILENCE_MS : OPEN_WITHIN_MS;
    if (now - this.#heardAt >= patience) this.#break(silent(this.#sent));
  }

  /** Ends it politely; a request on it is simply gone. */
  close(): void {
    this.#exchange = undefined;
    if (this.#connection && this.#connection.state !== "closed") {
      try {
        this.#connection.close();
      } catch {
        // It is closed all the same.
      }
    }
    this.#dispose();
  }

  /** What is to be done when anything has changed: take in, hand on, send. */
  #pump(): void {
    if (this.#over) return;
    this.#try(() => {
      this.#readParts();
      this.#writeBody();
    });
    this.#flush();
    this.#acknowledge();
    if (this.#over || this.#exchange) return;
    const state = this.#connection?.state;
    if (state === "closed") this.close();
    else if (state === "idle" && !this.#opened) {
      this.#opened = true;
      this.#watch.opened();
    }
  }

  #readParts(): void {
    while (this.#exchange && this.#exchange.room > 0) {
      const part = this.#connection?.next();
      if (!part) return;
      if (part.kind === "head") {
        this.#answered = true;
        this.#exchange.head(part.status, part.headers);
      } else if (part.kind === "chunk") {
        this.#exchange.chunk(part.bytes);
      } else {
        this.#done(part.reusable);
      }
    }
  }

  #writeBody(): void {
    while (this.#exchange && this.#connection) {
      const [chunk] = this.#body;
      if (!chunk) break;
      let taken = this.#connection.write(chunk);
      if (taken === 0 && this.#flush()) taken = this.#connection.write(chunk);
      if (taken === 0) return;
      this.#heardAt = Date.now();
      this.#exchange.taken(taken);
      if (taken === chunk.length) this.#body.shift();
      else this.#body[0] = chunk.subarray(taken);
    }
    if (!this.#finishing || !this.#exchange || this.#body.length > 0) return;
    this.#finishing = false;
    this.#connection?.finish();
  }

  /** Sends what there is to send; false where the WebSocket has enough for now. */
  #flush(): boolean {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return false;
    while (socket.bufferedAmount < MOST_BUFFERED) {
      const bytes = this.#connection?.outgoing();
      if (!bytes) return true;
      if (this.#exchange) this.#sent = true;
      socket.send(bytes);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, LOOK_AGAIN_MS);
    return false;
  }

  #acknowledge(): void {
    const taken = this.#connection?.taken ?? 0;
    if (taken - this.#acked < ACK_EVERY || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#acked = taken;
    this.#socket.send(`ack ${taken}`);
  }

  /** The WebSocket has closed: what has come by then is still handed on. */
  #ended(code: number): void {
    if (this.#over) return;
    if (code !== 1000) this.#closed = closedBy(code, this.#sent);
    this.#try(() => this.#connection?.receiveEnd());
    this.#pump();
    if (this.#over) return;
    // What is left of an answer waits for its reader; there is room for another connection now.
    if (this.#exchange) this.#watch.gone();
    else this.#break(closedBy(code, false));
  }

  #done(reusable: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#body = [];
    exchange?.end();
    if (!reusable || !this.isUsable) this.close();
    else this.#watch.idle();
  }

  #try(work: () => void): void {
    if (this.#over) return;
    try {
      work();
    } catch (error) {
      this.#break(this.#closed ?? failureOf(error, this.#sent));
    }
  }

  #break(failure: Failure): void {
    if (this.#over) return;
    const exchange = this.#exchange;
    const seen = { sent: this.#sent, answered: this.#answered };
    this.#exchange = undefined;
    const [opened, upgraded] = [this.#opened, this.#upgraded];
    this.#dispose();
    exchange?.failed(failure, seen);
    if (!opened) this.#watch.notOpened(failure, upgraded);
  }

  #dispose(): void {
    if (this.#over) return;
    // The last of TLS: an alert, or a farewell.
    this.#flush();
    this.#over = true;
    clearTimeout(this.#timer);
    this.#connection?.free();
    this.#connection = undefined;
    this.#body = [];
    this.#socket.onopen = this.#socket.onmessage = null;
    this.#socket.onclose = this.#socket.onerror = null;
    this.#socket.close();
    this.#watch.gone();
  }
}
