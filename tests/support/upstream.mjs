// A stand-in for OpenAI's and Anthropic's APIs, which keeps what it was asked. Enough of both that
// their own SDKs take its answers for real, whole and streamed.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { pipeline } from "node:stream/promises";

const WORDS = ["Good", " morning", " from", " upstream"];
export const ANSWER = WORDS.join("");

/** Listens on a free port of this machine; with `tls` (see tls.mjs) over TLS, as `localhost`. */
export async function startUpstream(tls) {
  const calls = [];
  const failures = [];
  const answers = [];
  const open = { connections: 0, requests: 0, most: 0 };
  const secrets = [];
  const answer = async (request, response) => {
    open.requests += 1;
    open.most = Math.max(open.most, open.requests);
    response.on("close", () => {
      open.requests -= 1;
    });
    if (/\/files(\/|$)/.test(request.url)) return file(calls, request, response);
    const text = Buffer.concat(await request.toArray()).toString();
    const body = text === "" ? undefined : JSON.parse(text);
    const { method, url: path, headers } = request;
    const key = headers["x-api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
    calls.push({ method, path, key, body, headers });
    const failure = failures.shift();
    if (failure) return sendJson(response, { error: { message: "as asked", type: "x" } }, failure);
    if (path.endsWith("/models")) return sendJson(response, { object: "list", data: MODELS });
    if (path.endsWith("/chat/completions")) return chat(response, body, answers.shift());
    if (path.endsWith("/messages")) return message(response, body);
    return sendJson(response, { error: { message: `no ${path}`, type: "not_found" } }, 404);
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.on(tls ? "secureConnection" : "connection", () => {
    open.connections += 1;
  });
  // NSS key log: a label, the client's random, the secret.
  server.on("keylog", (line) => {
    secrets.push(Buffer.from(line.toString().trim().split(" ").at(-1), "hex"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  return {
    url: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    host: `localhost:${port}`,
    /** Connections so far, requests being answered, and the most of those at one time. */
    open,
    /** Every request, oldest first: { method, path, key, body, headers }. */
    calls,
    /** Of every TLS session what its traffic is encrypted with. */
    secrets,
    /** The next requests are answered with these statuses. */
    fail(...statuses) {
      failures.push(...statuses);
    },
    /** What the next chats are answered with, in OpenAI's shape, a few letters at a time. */
    say(...texts) {
      answers.push(...texts);
    },
    /** Once more does nothing. */
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Files: what is uploaded is counted and hashed; what is downloaded is so many MiB of a pattern, or never ends. */
async function file(calls, request, response) {
  const { method, url: path, headers } = request;
  const key = headers.authorization?.replace(/^Bearer /, "");
  const call = { method, path, key, headers, bytes: 0, closed: false };
  calls.push(call);
  response.on("close", () => {
    call.closed = true;
  });
  if (method === "POST") {
    const hash = createHash("sha256");
    for await (const chunk of request) {
      call.bytes += chunk.length;
      hash.update(chunk);
    }
    return sendJson(response, { id: "file-1", bytes: call.bytes, sha256: hash.digest("hex") });
  }
  const mebibytes = Number(/file-(\d+)/.exec(path)?.[1] ?? Number.POSITIVE_INFINITY);
  response.writeHead(200, { "content-type": "application/octet-stream" });
  const piece = Buffer.alloc(64 * 1024, "0123456789abcdef");
  const pieces = async function* () {
    for (let sent = 0; sent < mebibytes * 16; sent += 1) {
      call.bytes += piece.length;
      yield piece;
    }
  };
  return pipeline(pieces, response).catch(() => undefined);
}

const MODELS = [{ id: "gpt-5-mini", object: "model", created: 1, owned_by: "upstream" }];

function chat(response, { model, stream }, answer = ANSWER) {
  const words = answer === ANSWER ? WORDS : (answer.match(/.{1,7}/gs) ?? []);
  const facts = { id: "chatcmpl-1", created: 1, model };
  const usage = { prompt_tokens: 3, completion_tokens: WORDS.length, total_tokens: 7 };
  if (!stream) {
    const choice = { index: 0, message: { role: "assistant", content: answer }, logprobs: null };
    const choices = [{ ...choice, finish_reason: "stop" }];
    return sendJson(response, { ...facts, object: "chat.completion", choices, usage });
  }
  const chunk = (delta, finish_reason = null) => ({
    ...facts,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    ...words.map((content) => chunk({ content })),
    { ...chunk({}, "stop"), usage },
  ];
  return sendEvents(response, [...chunks.map((data) => ({ data })), { data: "[DONE]" }]);
}

function message(response, { model, stream }) {
  const usage = { input_tokens: 3, output_tokens: WORDS.length };
  const facts = { id: "msg_1", type: "message", role: "assistant", model, stop_sequence: null };
  if (!stream) {
    const content = [{ type: "text", text: ANSWER }];
    return sendJson(response, { ...facts, content, stop_reason: "end_turn", usage });
  }
  const events = [
    { type: "message_start", message: { ...facts, content: [], stop_reason: null, usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...WORDS.map((text) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text },
    })),
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: WORDS.length },
    },
    { type: "message_stop" },
  ];
  return sendEvents(
    response,
    events.map((data) => ({ event: data.type, data })),
  );
}

function sendJson(response, body, status = 200) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendEvents(response, events) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const { event, data } of events) {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    response.write(`${event ? `event: ${event}\n` : ""}data: ${text}\n\n`);
  }
  response.end();
}
