// What forwarding costs: the same requests to the same upstream, straight, through nginx, through
// keyseal and through the Portkey gateway, with one connection and with thirty-two.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { built, root, which } from "../scripts/lib/paths.mjs";
import { freePort } from "../tests/support/companion.mjs";
import { entryId, now, sealWithJose } from "../tests/support/jose.mjs";
import { companionForUsers } from "../tests/support/users.mjs";
import { median, short } from "./table.mjs";

const folder = join(root, "bench/results/forward");
const path = "/v1/chat/completions";
const key = "sk-proj-bench0123456789abcdefghijABCDEFGHIJ";
const CONNECTIONS = [1, 32];

export async function measure({ seconds, rounds, say, skip }) {
  for (const tool of ["wrk", "nginx"]) {
    if (which(tool)) continue;
    skip(`${tool} was not found (on Debian: apt-get install ${tool}): forward is left out`);
    return [];
  }
  mkdirSync(folder, { recursive: true });
  const stops = [];
  try {
    const upstream = await startUpstream(stops);
    const contestants = {
      straight: { url: `http://127.0.0.1:${upstream}${path}`, headers: bearer(key) },
      nginx: await startNginx(upstream, stops),
      keyseal: await startKeyseal(upstream, stops),
      portkey: await startPortkey(upstream, stops),
    };
    const results = {};
    for (const [name, contestant] of Object.entries(contestants)) {
      results[name] = Object.fromEntries(CONNECTIONS.map((n) => [n, []]));
      await checkAnswer(name, contestant);
    }
    // Round by round, so that a slow moment of the machine meets all of them.
    for (let round = 0; round <= rounds; round += 1) {
      for (const connections of CONNECTIONS) {
        for (const [name, contestant] of Object.entries(contestants)) {
          say(`round ${round}: ${name}, ${connections} connections`);
          const result = await load(contestant, connections, round === 0 ? 1 : seconds);
          if (round > 0) results[name][connections].push(result); // the first round warms up
        }
      }
    }
    return rows(results);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function rows(results) {
  const rate = (name, connections) =>
    median(results[name][connections].map(({ perSecond }) => perSecond));
  const latency = (name, connections) =>
    median(results[name][connections].map(({ medianUs }) => medianUs));
  const added = (name) => `${short(latency(name, 1) - latency("straight", 1))} µs`;
  const busy = CONNECTIONS.at(-1);
  const times = (other) => `${short(rate("keyseal", busy) / rate(other, busy))} ×`;
  const errors = Object.entries(results).flatMap(([name, by]) =>
    Object.values(by)
      .flat()
      .some(({ errors }) => errors)
      ? [name]
      : [],
  );
  return [
    {
      what: `forward, ${busy} connections, of nginx proxy_pass`,
      value: `${short(rate("keyseal", busy))}/s, ${times("nginx")}`,
      beside: `nginx ${short(rate("nginx", busy))}/s, straight ${short(rate("straight", busy))}/s`,
      goal: "≥ 0.8 ×",
    },
    {
      what: `forward, ${busy} connections, of the Portkey gateway`,
      value: times("portkey"),
      beside: `Portkey ${short(rate("portkey", busy))}/s`,
      goal: "≥ 20 ×",
    },
    {
      what: "forward, added median latency, 1 connection",
      value: added("keyseal"),
      beside: `nginx ${added("nginx")}, Portkey ${added("portkey")}`,
      goal: "≤ 30 µs",
    },
    ...(errors.length ? [{ what: "answers other than 2xx", value: errors.join(", ") }] : []),
  ];
}

/** The provider: nginx, which answers every request with the same small completion. */
async function startUpstream(stops) {
  const answer = JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1790000000,
    model: "gpt-bench",
    choices: [
      { index: 0, message: { role: "assistant", content: "Hello there." }, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  });
  const port = await freePort();
  const server = `server {
    listen 127.0.0.1:${port} backlog=1024;
    location / { default_type application/json; return 200 '${answer}'; }
  }`;
  await runNginx("upstream", 1, server, port, stops);
  return port;
}

/** What one would put in between without keyseal: the key written into the configuration. */
async function startNginx(upstream, stops) {
  const port = await freePort();
  const server = `upstream provider { server 127.0.0.1:${upstream}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location /forward/openai/ {
      proxy_pass http://provider/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ${key}";
      proxy_buffering off;
    }
  }`;
  await runNginx("nginx", availableParallelism(), server, port, stops);
  return { url: `http://127.0.0.1:${port}/forward/openai${path}`, headers: bearer("caller") };
}

async function runNginx(name, workers, server, port, stops) {
  const prefix = join(folder, name);
  mkdirSync(join(prefix, "logs"), { recursive: true });
  writeFileSync(
    join(prefix, "nginx.conf"),
    `daemon off;
worker_processes ${workers};
pid nginx.pid;
error_log stderr crit;
events { worker_connections 2048; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${server}
}
`,
  );
  await startProgram("nginx", ["-p", prefix, "-c", "nginx.conf"], {}, port, stops);
}

/** keyseal with a stored key, as a user's app would call it. */
async function startKeyseal(upstream, stops) {
  const config = join(folder, "keyseal.toml");
  const origin = `http://127.0.0.1:${upstream}`;
  writeFileSync(config, `[providers.openai]\norigin = "${origin}"\nallow_private = true\n`);
  const { companion, tokenFor, call } = await companionForUsers({
    program: built("release", "keyseal-server"),
    args: ["--config", config],
    quiet: true,
  });
  stops.push(() => companion.remove());
  const token = await tokenFor("user-1");
  const { keys } = await (await fetch(`${companion.url}/.well-known/jwks.json`)).json();
  const id = entryId();
  const claims = { key, provider: "openai", sub: "user-1", rid: id, iat: now() };
  const sealedKey = await sealWithJose(claims, keys[0]);
  const stored = await call(token, "POST", "/api/v1/api-keys", {
    id,
    provider: "openai",
    sealedKey,
  });
  if (stored.status !== 201) throw new Error(stored.text);
  return { url: `${companion.url}/forward/openai${path}`, headers: bearer(token) };
}

async function startPortkey(upstream, stops) {
  const port = await freePort();
  const program = join(root, "bench/node_modules/@portkey-ai/gateway/build/start-server.js");
  await startProgram(process.execPath, [program, "--headless", `--port=${port}`], {}, port, stops);
  return {
    url: `http://127.0.0.1:${port}${path}`,
    headers: {
      ...bearer(key),
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `http://127.0.0.1:${upstream}/v1`,
    },
  };
}

async function startProgram(command, args, env, port, stops) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  stops.push(async () => {
    if (child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  for (let tries = 0; tries < 200; tries += 1) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => null)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${command} did not start`);
}

const body = JSON.stringify({
  model: "gpt-bench",
  messages: [{ role: "user", content: "Say hello." }],
});

const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** All of them must give the upstream's answer before they are compared. */
async function checkAnswer(name, { url, headers }) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body,
  });
  const text = await answer.text();
  if (!answer.ok || !text.includes("Hello there.")) {
    throw new Error(`${name} answered ${answer.status}: ${text.slice(0, 300)}`);
  }
}

/** One run of wrk, on a thread of its own. */
async function load({ url, headers }, connections, seconds) {
  const script = join(folder, "request.lua");
  const lines = Object.entries({ ...headers, "content-type": "application/json" }).map(
    ([name, value]) => `wrk.headers["${name}"] = ${JSON.stringify(value)}`,
  );
  // The result in one line, in microseconds.
  const done = `function done(s, l, r)
  io.write(string.format("\\nRESULT %d %d %f %d\\n", s.requests, s.duration, l:percentile(50),
    s.errors.status + s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout))
end`;
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.body = ${JSON.stringify(body)}\n${lines.join("\n")}\n${done}\n`,
  );
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url];
  const { stdout } = await promisify(execFile)("wrk", args);
  const found = /RESULT (\d+) (\d+) ([\d.]+) (\d+)/.exec(stdout);
  if (!found) throw new Error(`wrk printed no result:\n${stdout}`);
  const [requests, us, medianUs, errors] = found.slice(1).map(Number);
  return { perSecond: requests / (us / 1e6), medianUs, errors };
}
