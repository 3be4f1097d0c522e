// What the relay's page side stands on, faked: a wasm in whose connections nothing is encrypted, the WebSockets that
// they go through, and the companion's door.

const encoder = new TextEncoder();
export const made = {
  bytes: (text) => encoder.encode(text),
  text: (bytes) => new TextDecoder().decode(bytes),
  grant: (id) => ({ vault: "v1", sub: "u", records: [{ id, record: `record of ${id}` }] }),
};

export class FakeRelay {
  sockets = [];
  /** Requests as they arrived at the provider. */
  requests = [];
  used = [];
  granted = [];
  keys = [];
  /** Requests to the relay's address that were no WebSocket. */
  knocked = [];
  /** Answers wait until `release`. */
  hold = false;
  /** Instead of opening, a WebSocket is closed with this code. */
  refuse;
  /** The next request that arrives finds its connection gone. */
  dropNext = false;
  /** Bytes of bodies that connections still take. */
  thirst = Number.POSITIVE_INFINITY;
  /** Instead of the echo. */
  answer;
  door = () => new Response("{}", { status: 500 });
  #held = [];

  constructor() {
    const world = this;
    this.wasm = {
      default: async () => {},
      RelayKeys: {
        async accept(grant) {
          const keys = {
            vault: grant.vault,
            wiped: false,
            removed: [],
            put: (id) => world.granted.push(id),
            remove: (id) => keys.removed.push(id),
            wipe() {
              keys.wiped = true;
            },
            free() {},
          };
          world.keys.push(keys);
          for (const { id } of grant.records) world.granted.push(id);
          return keys;
        },
      },
      RelayConnection: function RelayConnection(...given) {
        return new FakeConnection(world, ...given);
      },
      RelayUsage: class {
        begin() {}
        push() {}
        finish() {
          return { model: "m", inputTokens: 7 };
        }
        free() {}
      },
    };
  }

  /** Takes the place of what browsers have, until the test is over. */
  serve(test) {
    const { fetch: realFetch, WebSocket: realSocket } = globalThis;
    const world = this;
    globalThis.fetch = async (url, init) => {
      const asked = new Request(url, init);
      world.knocked.push(asked);
      return world.door(asked);
    };
    globalThis.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(world, url, protocols);
      }
    };
    test.after(() => {
      globalThis.fetch = realFetch;
      globalThis.WebSocket = realSocket;
    });
  }

  arrived(connection) {
    const { socket } = connection;
    if (this.dropNext) {
      this.dropNext = false;
      socket.end(1006);
      return;
    }
    const reply = () => {
      if (this.answer) this.answer({ socket, connection });
      else {
        socket.part({ kind: "head", status: 200, headers: [["content-type", "text/plain"]] });
        socket.part({ kind: "chunk", bytes: made.bytes(`echo:${connection.seen.text}`) });
        socket.part({ kind: "end", reusable: true });
      }
    };
    if (this.hold) this.#held.push(reply);
    else reply();
  }

  release() {
    this.hold = false;
    for (const reply of this.#held.splice(0)) reply();
  }

  async until(isSo) {
    for (let tries = 0; !isSo(); tries += 1) {
      if (tries > 1000) throw new Error(`it never came: ${isSo}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Handshakes with one byte each way; what it then sends are markers, what it receives are nudges. */
class FakeConnection {
  state = "handshaking";
  serverName = "api.openai.com";
  taken = 0;
  #out = [new Uint8Array([1])];
  #ended = false;

  constructor(world, keys, provider, entry) {
    this.world = world;
    this.keys = keys;
    this.entry = entry;
    this.relayPath = `/relay/${provider}`;
  }

  receive() {
    if (this.state === "handshaking") this.state = "idle";
  }

  receiveEnd() {
    this.#ended = true;
    if (this.state === "handshaking") throw cutOff();
    if (this.state === "idle") this.state = "closed";
  }

  outgoing() {
    return this.#out.shift();
  }

  request(entry, method, path, headers, body) {
    this.state = "busy";
    this.seen = { entry, method, path, headers, body, received: 0, text: "" };
    this.world.requests.push(this.seen);
    this.#out.push(new Uint8Array([2]));
    if (body === "none") this.#whole();
  }

  write(chunk) {
    const taken = Math.min(chunk.length, this.world.thirst);
    this.world.thirst -= taken;
    this.seen.received += taken;
    if (this.seen.received < 100) this.seen.text += made.text(chunk.subarray(0, taken));
    return taken;
  }

  finish() {
    this.#whole();
  }

  #whole() {
    const marker = new Uint8Array([3]);
    marker.connection = this;
    this.#out.push(marker);
  }

  next() {
    const part = this.socket?.parts.shift();
    if (part?.kind === "end") this.state = part.reusable ? "idle" : "closed";
    if (part?.kind === "chunk") this.taken += part.bytes.length;
    if (!part && this.#ended && this.state === "busy") throw cutOff();
    return part;
  }

  close() {
    this.state = "closed";
  }

  free() {}
}

const cutOff = () => Object.assign(new Error("cut off"), { code: "answer_cut_off" });

class FakeSocket {
  static OPEN = 1;
  readyState = 0;
  bufferedAmount = 0;
  wasOpen = false;
  parts = [];
  acks = [];

  constructor(world, url, protocols) {
    this.url = url;
    this.protocols = protocols;
    world.sockets.push(this);
    this.world = world;
    queueMicrotask(() => {
      const { refuse } = world;
      if (refuse === 1006) return this.end(1006);
      this.readyState = 1;
      this.onopen?.();
      if (refuse) this.end(refuse);
      else this.wasOpen = true;
    });
  }

  send(data) {
    if (typeof data === "string") this.acks.push(data);
    else if (data[0] === 1) queueMicrotask(() => this.nudge());
    else if (data[0] === 3) {
      data.connection.socket = this;
      queueMicrotask(() => this.world.arrived(data.connection));
    }
  }

  part(part) {
    this.parts.push(part);
    this.nudge();
  }

  /** Something came. */
  nudge() {
    if (this.readyState === 1) this.onmessage?.({ data: new ArrayBuffer(1) });
  }

  end(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  close() {
    if (this.readyState < 2) this.readyState = 3;
  }
}
