// How much memory the companion takes with thousands of streams open at once, and whether it breaks
// any of them.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { built } from "../scripts/lib/paths.mjs";
import { entryId, now, sealWithJose } from "../tests/support/jose.mjs";
import { companionForUsers } from "../tests/support/users.mjs";

const STREAMS = 5000;
const EVENTS = 3;
const path = "/v1/chat/completions";
const key = "sk-proj-bench0123456789abcdefghijABCDEFGHIJ";

export async function measure({ say, skip }) {
  const most = openFiles();
  if (most < STREAMS * 2 + 200) {
    skip(`${most} open files are too few for ${STREAMS} streams (ulimit -n): streams are left out`);
    return [];
  }
  const provider = new Provider();
  const origin = await provider.start();
  const { companion, tokenFor, call } = await companionForUsers({
    program: built("release", "keyseal-server"),
    quiet: true,
    env: {
      KEYSEAL__PROVIDERS__OPENAI__ORIGIN: origin,
      KEYSEAL__PROVIDERS__OPENAI__ALLOW_PRIVATE: "true",
    },
  });
  try {
    const token = await tokenFor("user-1");
    await addKey(companion, token, call);
    const url = `${companion.url}/forward/openai${path}`;
    const before = resident(companion.pid);
    const streams = [];
    while (streams.length < STREAMS) {
      say(`${streams.length} streams`);
      const some = Array.from({ length: 250 }, () => new Stream(url, token).begun());
      streams.push(...(await Promise.all(some)));
    }
    const open = resident(companion.pid);
    for (let event = 1; event < EVENTS; event += 1) provider.send(event);
    provider.end();
    const whole = await Promise.all(streams.map((stream) => stream.whole()));
    const broken = whole.filter((ok) => !ok).length;
    return [
      {
        what: `memory, ${STREAMS} open streams`,
        value: `${(open / 1024).toFixed(0)} MB, ${broken} broken`,
        beside: `before them ${(before / 1024).toFixed(0)} MB`,
        goal: "≤ 250 MB",
      },
    ];
  } finally {
    await companion.remove();
    provider.stop();
  }
}

async function addKey(companion, token, call) {
  const { keys } = await (await fetch(`${companion.url}/.well-known/jwks.json`)).json();
  const id = entryId();
  const claims = { key, provider: "openai", sub: "user-1", rid: id, iat: now() };
  const sealedKey = await sealWithJose(claims, keys[0]);
  const body = { id, provider: "openai", sealedKey };
  const stored = await call(token, "POST", "/api/v1/api-keys", body);
  if (stored.status !== 201) throw new Error(stored.text);
}

/** A provider that begins a stream at once and says when it goes on. */
class Provider {
  #answers = [];
  #server = createServer((asked, answer) => {
    asked.resume();
    answer.writeHead(200, { "content-type": "text/event-stream" });
    answer.write("data: 0\n\n");
    this.#answers.push(answer);
  });

  async start() {
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
    await once(this.#server, "listening");
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  send(event) {
    for (const answer of this.#answers) answer.write(`data: ${event}\n\n`);
  }

  end() {
    for (const answer of this.#answers) answer.end();
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** One caller, with a connection of its own. */
class Stream {
  #text = "";
  #ended;

  constructor(url, token) {
    this.asked = request(url, {
      method: "POST",
      agent: false,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    this.asked.end(JSON.stringify({ model: "gpt-bench", stream: true, messages: [] }));
  }

  /** Waits for the first event. */
  async begun() {
    const [answer] = await once(this.asked, "response");
    if (answer.statusCode !== 200) throw new Error(`a stream was answered ${answer.statusCode}`);
    answer.setEncoding("utf8");
    this.#ended = new Promise((resolve) => {
      answer.once("end", () => resolve(answer.complete));
      answer.once("error", () => resolve(false));
    });
    const first = once(answer, "data");
    answer.on("data", (text) => {
      this.#text += text;
    });
    await first;
    return this;
  }

  /** Whether every event came, to a proper end. */
  async whole() {
    const complete = await this.#ended;
    const events = Array.from({ length: EVENTS }, (_, event) => `data: ${event}\n\n`).join("");
    return complete && this.#text === events;
  }
}

function openFiles() {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function resident(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}
