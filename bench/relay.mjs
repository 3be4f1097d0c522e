// What the relay costs: the same bytes to the same provider, straight, through nginx's `stream` and
// through the relay's WebSocket. Bytes a second each way, what the program in the middle spends on
// them, and how much later a small piece of a stream arrives.

import { fork, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { built, root, which } from "../scripts/lib/paths.mjs";
import { freePort } from "../tests/support/companion.mjs";
import { companionForUsers } from "../tests/support/users.mjs";
import { median, short } from "./table.mjs";

const folder = join(root, "bench/results/relay");
const MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const CONNECTIONS = 4;
const PIECE = 64 * 1024;
const ACK_EVERY = 256 * 1024;

export async function measure({ seconds, rounds, say, skip }) {
  if (!which("nginx") || !existsSync(MODULE)) {
    skip("nginx with its stream module was not found (on Debian: nginx, libnginx-mod-stream)");
    return [];
  }
  mkdirSync(folder, { recursive: true });
  const stops = [];
  try {
    const provider = await startProvider(stops);
    const hello = await clientHello();
    const contestants = {
      straight: { open: () => openTcp(provider.port, hello) },
      nginx: await startNginx(provider.port, hello, stops),
      relay: await startRelay(provider.port, hello, stops),
    };
    const results = Object.fromEntries(
      Object.keys(contestants).map((name) => [name, { down: [], up: [], delay: [], cpu: [] }]),
    );
    // Round by round, so that a slow moment of the machine meets all of them.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [name, contestant] of Object.entries(contestants)) {
        say(`round ${round}: ${name}`);
        const result = await load(contestant, round === 0 ? 1 : seconds, provider.event);
        if (round === 0) continue; // the first round warms up
        for (const [what, value] of Object.entries(result)) results[name][what].push(value);
      }
    }
    return rows(results);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function rows(results) {
  const of = (name, what) => median(results[name][what]);
  const mb = (name, what) => `${short(of(name, what) / 1e6)} MB/s`;
  const times = (what) => `${short(of("relay", what) / of("nginx", what))} ×`;
  const added = (name) => `${short(of(name, "delay") - of("straight", "delay"))} µs`;
  const row = (what, direction) => ({
    what: `relay, ${CONNECTIONS} connections, ${what}, of nginx stream`,
    value: `${mb("relay", direction)}, ${times(direction)}`,
    beside: `nginx ${mb("nginx", direction)}, straight ${mb("straight", direction)}`,
    goal: "≥ 0.8 ×",
  });
  return [
    row("down", "down"),
    row("up", "up"),
    {
      what: "relay, processor time for a GB down and up",
      value: `${short(of("relay", "cpu"))} s`,
      beside: `nginx ${short(of("nginx", "cpu"))} s`,
    },
    {
      what: "relay, added median delay of a piece",
      value: added("relay"),
      beside: `nginx ${added("nginx")}`,
      goal: "≤ 1 ms",
    },
  ];
}

async function load({ open, pids }, seconds, event) {
  const before = processor(pids);
  let bytes = 0;
  const pass = async (command) => {
    const lines = await Promise.all(Array.from({ length: CONNECTIONS }, open));
    const start = process.hrtime.bigint();
    const passed = await Promise.all(lines.map((line) => line[command](seconds)));
    const took = Number(process.hrtime.bigint() - start) / 1e9;
    const sum = passed.reduce((all, count) => all + count, 0);
    bytes += sum;
    return sum / took;
  };
  const [down, up] = [await pass("down"), await pass("up")];
  const cpu = (processor(pids) - before) / (bytes / 1e9);
  const delay = median(await (await open()).events(seconds, event));
  return { down, up, cpu, delay };
}

/** Seconds of processor time of some processes so far. */
function processor(pids = []) {
  const ticks = pids.map((pid) => {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .slice(11, 13);
    return Number(user) + Number(system);
  });
  return ticks.reduce((all, some) => all + some, 0) / 100;
}

/** One connection to the provider, whatever is in between. */
class Line {
  taken = 0;
  #got = () => {};

  constructor(socket, hello) {
    this.socket = socket;
    this.hello = hello;
  }

  got(bytes) {
    this.taken += bytes.length;
    this.#got(bytes);
  }

  command(name) {
    this.write(Buffer.concat([this.hello, Buffer.from(`\nDO ${name}\n`)]));
  }

  async down(seconds) {
    this.command("down");
    await pause(seconds);
    const { taken } = this;
    this.socket.destroy();
    return taken;
  }

  async up(seconds) {
    this.command("up");
    const piece = Buffer.alloc(PIECE, 0x17);
    const end = performance.now() + seconds * 1000;
    let written = 0;
    while (performance.now() < end) {
      written += PIECE;
      if (!this.write(piece)) await once(this.socket, "drain");
    }
    this.socket.destroy();
    return written;
  }

  /** Microseconds from leaving the provider to arriving here. */
  async events(seconds, size) {
    const delays = [];
    let rest = Buffer.alloc(0);
    this.#got = (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= size) {
        delays.push(Number(process.hrtime.bigint() - rest.readBigUInt64LE()) / 1000);
        rest = rest.subarray(size);
      }
    };
    this.command("events");
    await pause(seconds);
    this.socket.destroy();
    return delays;
  }

  write(bytes) {
    return this.socket.write(bytes);
  }
}

/** The same in frames, with acknowledgements. */
class RelayLine extends Line {
  #rest = Buffer.alloc(0);
  #left = 0;
  #told = 0;

  /** Of a frame's bytes as much as is there: nothing waits for its end. */
  frames(bytes) {
    let rest = this.#rest.length ? Buffer.concat([this.#rest, bytes]) : bytes;
    for (;;) {
      if (this.#left) {
        const part = rest.subarray(0, this.#left);
        this.#left -= part.length;
        rest = rest.subarray(part.length);
        if (part.length) this.got(part);
        if (!rest.length) break;
      }
      const small = rest[1] & 0x7f;
      const head = small < 126 ? 2 : small === 126 ? 4 : 10;
      if (rest.length < head) break;
      this.#left =
        head === 2 ? small : head === 4 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
      if ((rest[0] & 0x0f) !== 2) throw new Error(`frame ${rest[0]}: ${rest.subarray(head)}`);
      rest = rest.subarray(head);
    }
    this.#rest = rest;
    if (this.taken - this.#told < ACK_EVERY) return;
    this.#told = this.taken;
    this.#frame(0x81, Buffer.from(`ack ${this.taken}`));
  }

  write(bytes) {
    return this.#frame(0x82, bytes);
  }

  /** Masked with zeros: the companion unmasks all the same. */
  #frame(kind, bytes) {
    const length = bytes.length;
    const head =
      length < 126
        ? Buffer.from([kind, 0x80 | length])
        : length < 65536
          ? Buffer.from([kind, 0xfe, length >> 8, length & 0xff])
          : Buffer.from([
              kind,
              0xff,
              0,
              0,
              0,
              0,
              0,
              length >> 16,
              (length >> 8) & 0xff,
              length & 0xff,
            ]);
    this.socket.cork();
    this.socket.write(Buffer.concat([head, Buffer.alloc(4)]));
    const goesOn = this.socket.write(bytes);
    this.socket.uncork();
    return goesOn;
  }
}

async function openTcp(port, hello) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.on("error", () => {});
  const line = new Line(socket, hello);
  socket.on("data", (bytes) => line.got(bytes));
  return line;
}

async function openRelay(port, token, hello) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.write(
    [
      "GET /relay/openai HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `Sec-WebSocket-Protocol: keyseal.relay.v1, keyseal.token.${token}`,
      "\r\n",
    ].join("\r\n"),
  );
  const [answer] = await once(socket, "data");
  const text = answer.toString("latin1");
  if (!text.startsWith("HTTP/1.1 101 ") || !text.endsWith("\r\n\r\n")) {
    throw new Error(`the relay answered ${answer}`);
  }
  const line = new RelayLine(socket, hello);
  socket.on("data", (bytes) => line.frames(bytes));
  return line;
}

/** What a TLS client sends first. */
function clientHello() {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read() {},
      write(bytes, _encoding, done) {
        resolve(Buffer.from(bytes));
        done();
      },
    });
    connectTls({ socket, servername: "localhost" }).on("error", () => {});
  });
}

async function startProvider(stops) {
  const child = fork(join(root, "bench/relay-provider.mjs"));
  stops.push(() => stop(child));
  const [told] = await once(child, "message");
  return told;
}

async function startNginx(provider, hello, stops) {
  const prefix = join(folder, "nginx");
  mkdirSync(join(prefix, "logs"), { recursive: true });
  const port = await freePort();
  writeFileSync(
    join(prefix, "nginx.conf"),
    `load_module ${MODULE};
daemon off;
worker_processes ${availableParallelism()};
pid nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
stream {
  server {
    listen 127.0.0.1:${port};
    proxy_pass 127.0.0.1:${provider};
    tcp_nodelay on;
  }
}
`,
  );
  const child = spawn("nginx", ["-p", prefix, "-c", "nginx.conf"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  stops.push(() => stop(child));
  for (let tries = 0; ; tries += 1) {
    const line = await openTcp(port, hello).catch(() => null);
    line?.socket.destroy();
    if (line) break;
    if (tries === 100) throw new Error("nginx did not start");
    await pause(0.05);
  }
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  return { open: () => openTcp(port, hello), pids: children.trim().split(" ") };
}

async function startRelay(provider, hello, stops) {
  const { companion, tokenFor } = await companionForUsers({
    program: built("release", "keyseal-server"),
    quiet: true,
    env: {
      KEYSEAL__PROVIDERS__OPENAI__ORIGIN: `https://localhost:${provider}`,
      KEYSEAL__PROVIDERS__OPENAI__ALLOW_PRIVATE: "true",
    },
  });
  stops.push(() => companion.remove());
  const token = await tokenFor("user-1");
  const port = Number(new URL(companion.url).port);
  return { open: () => openRelay(port, token, hello), pids: [companion.pid] };
}

async function stop(child) {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
