// What forwarding costs: the same requests to the same upstream, straight, through nginx, through
// keyseal and through the Portkey gateway, with few and with many connections, answered by JSON and
// by streams of events.

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
/** The loads: how an answer comes, and over how many connections. */
const LOADS = { one: ["json", 1], busy: ["json", 32], many: ["json", 256], streams: ["sse", 32] };

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
      straight: both((form) => at(upstream[form], path, key)),
      nginx: await startNginx(upstream, stops),
      keyseal: await startKeyseal(upstream, stops),
      portkey: await startPortkey(upstream, stops),
    };
    const results = {};
    for (const [name, contestant] of Object.entries(contestants)) {
      results[name] = Object.fromEntries(Object.keys(LOADS).map((load) => [load, []]));
      for (const form of FORMS) {
        try {
          await checkAnswer(name, form, contestant[form]);
        } catch (error) {
          // A stream through Portkey fails on some versions of Node: the rest is still worth having.
          if (name !== "portkey" || form !== "sse") throw error;
          skip(`${error.message}: streams through it are left out`);
          delete contestant[form];
        }
      }
    }
    // Round by round, so that a slow moment of the machine meets all of them.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [load, [form, connections]] of Object.entries(LOADS)) {
        for (const [name, contestant] of Object.entries(contestants)) {
          if (!contestant[form]) continue;
          say(`round ${round}: ${name}, ${form}, ${connections} connections`);
          const lasting = round === 0 ? 1 : seconds;
          const result = await run(contestant[form], form, connections, lasting);
          if (round > 0) results[name][load].push(result); // the first round warms up
        }
      }
    }
    return rows(results);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function rows(results) {
  const rate = (name, load) => median(results[name][load].map(({ perSecond }) => perSecond));
  const latency = (name) => median(results[name].one.map(({ medianUs }) => medianUs));
  const added = (name) => `${short(latency(name) - latency("straight"))} µs`;
  const times = (other, load) => `${short(rate("keyseal", load) / rate(other, load))} ×`;
  const errors = Object.entries(results).flatMap(([name, by]) =>
    Object.values(by)
      .flat()
      .some(({ errors }) => errors)
      ? [name]
      : [],
  );
  return [
    ...["busy", "many", "streams"].flatMap((load) => {
      const [form, connections] = LOADS[load];
      const what = `forward, ${connections} connections${form === "sse" ? ", streams of events" : ""}`;
      const goal = (text) => (load === "busy" ? { goal: text } : {});
      return [
        {
          what: `${what}, of nginx proxy_pass`,
          value: `${short(rate("keyseal", load))}/s, ${times("nginx", load)}`,
          beside: `nginx ${short(rate("nginx", load))}/s, straight ${short(rate("straight", load))}/s`,
          ...goal("≥ 0.8 ×"),
        },
        results.portkey[load].length > 0 && {
          what: `${what}, of the Portkey gateway`,
          value: times("portkey", load),
          beside: `Portkey ${short(rate("portkey", load))}/s`,
          ...goal("≥ 20 ×"),
        },
      ].filter(Boolean);
    }),
    {
      what: "forward, added median latency, 1 connection",
      value: added("keyseal"),
      beside: `nginx ${added("nginx")}, Portkey ${added("portkey")}`,
      goal: "≤ 30 µs",
    },
    ...(errors.length ? [{ what: "answers other than 2xx", value: errors.join(", ") }] : []),
  ];
}

const FORMS = ["json", "sse"];

/** What there is of each form. */
const both = (one) => Object.fromEntries(FORMS.map((form) => [form, one(form)]));

const at = (port, path, token) => ({
  url: `http://127.0.0.1:${port}${path}`,
  headers: bearer(token),
});

/** The providers: nginx, which answers every request with the same small completion. */
async function startUpstream(stops) {
  const json = JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1790000000,
    model: "gpt-bench",
    choices: [
      { index: 0, message: { role: "assistant", content: "Hello there." }, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  });
  const chunk = (more) => ({
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1790000000,
    model: "gpt-bench",
    ...more,
  });
  const said = ["Hello", " there.", ..." This goes on for a while.".split(/(?= )/)];
  const events = said.map((content) =>
    chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  );
  const usage = { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 };
  const sse = [...events, chunk({ choices: [], usage })]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .concat("data: [DONE]\n\n")
    .join("");
  const ports = { json: await freePort(), sse: await freePort() };
  const serve = (port, type, answer) => `server {
    listen 127.0.0.1:${port} backlog=1024;
    location / { default_type ${type}; return 200 '${answer}'; }
  }`;
  const servers = [
    serve(ports.json, "application/json", json),
    serve(ports.sse, "text/event-stream", sse),
  ];
  await runNginx("upstream", 1, servers.join("\n  "), ports.json, stops);
  return ports;
}

/** What one would put in between without keyseal: the key written into the configuration. */
async function startNginx(upstream, stops) {
  const port = await freePort();
  const passed = FORMS.map(
    (form) => `
    location /forward/${form}/ {
      proxy_pass http://${form}/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ${key}";
      proxy_buffering off;
    }`,
  );
  const kept = FORMS.map(
    (form) => `upstream ${form} { server 127.0.0.1:${upstream[form]}; keepalive 256; }`,
  );
  const server = `${kept.join("\n  ")}
  server {
    listen 127.0.0.1:${port} backlog=1024;${passed.join("")}
  }`;
  await runNginx("nginx", availableParallelism(), server, port, stops);
  return both((form) => at(port, `/forward/${form}${path}`, "caller"));
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

/** keyseal with a stored key for each provider, as a user's app would call it. */
async function startKeyseal(upstream, stops) {
  const config = join(folder, "keyseal.toml");
  const providers = { json: "openai", sse: "nvidia" };
  const origin = (form) => `[providers.${providers[form]}]
origin = "http://127.0.0.1:${upstream[form]}"
allow_private = true
`;
  writeFileSync(config, FORMS.map(origin).join(""));
  const { companion, tokenFor, call } = await companionForUsers({
    program: built("release", "keyseal-server"),
    args: ["--config", config],
    quiet: true,
  });
  stops.push(() => companion.remove());
  const token = await tokenFor("user-1");
  const { keys } = await (await fetch(`${companion.url}/.well-known/jwks.json`)).json();
  for (const provider of Object.values(providers)) {
    const id = entryId();
    const claims = { key, provider, sub: "user-1", rid: id, iat: now() };
    const sealedKey = await sealWithJose(claims, keys[0]);
    const stored = await call(token, "POST", "/api/v1/api-keys", { id, provider, sealedKey });
    if (stored.status !== 201) throw new Error(stored.text);
  }
  return both((form) => at(companion.port, `/forward/${providers[form]}${path}`, token));
}

async function startPortkey(upstream, stops) {
  const port = await freePort();
  const program = join(root, "bench/node_modules/@portkey-ai/gateway/build/start-server.js");
  await startProgram(process.execPath, [program, "--headless", `--port=${port}`], {}, port, stops);
  return both((form) => {
    const { url, headers } = at(port, path, key);
    const host = `http://127.0.0.1:${upstream[form]}/v1`;
    const told = { "x-portkey-provider": "openai", "x-portkey-custom-host": host };
    return { url, headers: { ...headers, ...told } };
  });
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

const body = (form) =>
  JSON.stringify({
    model: "gpt-bench",
    messages: [{ role: "user", content: "Say hello." }],
    ...(form === "sse" && { stream: true }),
  });

const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** All of them must give the upstream's answer before they are compared. */
async function checkAnswer(name, form, { url, headers }) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: body(form),
  });
  const text = await answer.text();
  if (!answer.ok || !text.includes("there.")) {
    throw new Error(`${name} answered ${answer.status}: ${text.slice(0, 300)}`);
  }
}

/** One run of wrk, on a thread of its own. */
async function run({ url, headers }, form, connections, seconds) {
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
    `wrk.method = "POST"\nwrk.body = ${JSON.stringify(body(form))}\n${lines.join("\n")}\n${done}\n`,
  );
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url];
  const { stdout } = await promisify(execFile)("wrk", args);
  const found = /RESULT (\d+) (\d+) ([\d.]+) (\d+)/.exec(stdout);
  if (!found) throw new Error(`wrk printed no result:\n${stdout}`);
  const [requests, us, medianUs, errors] = found.slice(1).map(Number);
  return { perSecond: requests / (us / 1e6), medianUs, errors };
}
