// The providers' own SDKs, unchanged but for the base URL and the companion's token as the key, through
// the real companion, against somebody else's mock of the providers (aimock). Calls that reach the
// provider are counted: retries of an SDK and attempts of the companion multiply.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { LLMock } from "@copilotkit/aimock";
import { GoogleGenAI } from "@google/genai";
import OpenAI, { toFile } from "openai";
import { entryId, now, sealWithJose } from "../support/jose.mjs";
import { companionForUsers } from "../support/users.mjs";
import { python } from "./setup.mjs";

const sub = "user-1";
const keys = {
  openai: `sk-proj-${"o".repeat(40)}`,
  anthropic: `sk-ant-api03-${"a".repeat(40)}`,
  gemini: `AIza${"g".repeat(35)}`,
  groq: `gsk_${"q".repeat(52)}`,
};
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const weather = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
};

let mock;
let google;
let companion;
let token;
let openai;
let anthropic;
let gemini;
let one;

before(async () => {
  mock = new LLMock({ port: 0 });
  mock.onMessage("hello", { content: "Hi there!" });
  mock.onMessage("weather", { toolCalls: [{ name: "get_weather", arguments: '{"city":"Ulm"}' }] });
  mock.onMessage("picture", { content: "One pixel." });
  mock.onMessage("fail", { error: { message: "out of order", type: "server_error" }, status: 500 });
  mock.onEmbedding(/.*/, { embedding: [0.25, -0.5, 1] });
  mock.onImage(/.*/, { image: { b64Json: PIXEL } });
  await mock.start();

  google = await beforeGoogle();

  const env = { KEYSEAL__LIMITS__UPLOADS_PER_MINUTE: "100" };
  for (const provider of Object.keys(keys)) {
    const name = `KEYSEAL__PROVIDERS__${provider.toUpperCase()}`;
    env[`${name}__ORIGIN`] = provider === "gemini" ? google.url : mock.url;
    env[`${name}__ALLOW_PRIVATE`] = "true";
  }
  const started = await companionForUsers({ env, args: [] });
  companion = started.companion;
  token = await started.tokenFor(sub);
  const { keys: jwks } = await (await fetch(`${companion.url}/.well-known/jwks.json`)).json();
  for (const [provider, key] of Object.entries(keys)) {
    if (provider === "groq") continue;
    const id = entryId();
    const sealedKey = await sealWithJose({ key, provider, sub, rid: id, iat: now() }, jwks[0]);
    const added = await started.call(token, "POST", "/api/v1/api-keys", {
      id,
      provider,
      sealedKey,
    });
    assert.equal(added.status, 201, added.text);
  }
  const forward = `${companion.url}/forward`;
  openai = new OpenAI({ apiKey: token, baseURL: `${forward}/openai/v1` });
  anthropic = new Anthropic({ apiKey: token, baseURL: `${forward}/anthropic` });
  gemini = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: `${forward}/gemini` } });
  one = new OpenAI({ apiKey: token, baseURL: `${companion.url}/v1` });
});

after(async () => {
  await companion?.remove();
  google?.server.close();
  await mock?.stop();
});

beforeEach(() => {
  mock.clearRequests();
  google.lines.length = 0;
});

/** In front of the mock, which knows Gemini's `v1beta` alone and no batches of embeddings: the SDK calls both. */
async function beforeGoogle() {
  const lines = [];
  const server = createServer(async (request, response) => {
    lines.push(`${request.method} ${request.url.split("?")[0]}`);
    const body = Buffer.concat(await request.toArray());
    if (request.url.includes(":batchEmbedContents")) {
      const { requests } = JSON.parse(body);
      const embeddings = requests.map(() => ({ values: [0.25, -0.5, 1] }));
      response.setHeader("content-type", "application/json").end(JSON.stringify({ embeddings }));
      return;
    }
    const path = request.url.replace("/v1/", "/v1beta/");
    const headers = { "content-type": "application/json" };
    const { method } = request;
    const answer = await fetch(mock.url + path, {
      method,
      headers,
      ...(body.length > 0 && { body }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") });
    for await (const piece of answer.body) response.write(piece);
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, lines, url: `http://127.0.0.1:${server.address().port}` };
}

/** What reached the provider since the test began, as `POST /v1/…`. */
function reached() {
  return mock.getRequests().map(({ method, path }) => `${method} ${path.split("?")[0]}`);
}

const says = (content) => [{ role: "user", content }];

test("openai: chat, plain and streaming, one call each", async () => {
  const model = "gpt-4.1-mini";
  const plain = await openai.chat.completions.create({ model, messages: says("hello") });
  assert.equal(plain.choices[0].message.content, "Hi there!");
  const stream = await openai.chat.completions.create({
    model,
    messages: says("hello"),
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  assert.equal(text, "Hi there!");
  assert.deepEqual(reached(), Array(2).fill("POST /v1/chat/completions"));
});

test("openai: the responses API, plain and streaming", async () => {
  const model = "gpt-4.1-mini";
  const plain = await openai.responses.create({ model, input: "hello" });
  assert.equal(plain.output_text, "Hi there!");
  let text = "";
  for await (const event of await openai.responses.create({
    model,
    input: "hello",
    stream: true,
  })) {
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  assert.equal(text, "Hi there!");
  assert.deepEqual(reached(), Array(2).fill("POST /v1/responses"));
});

test("openai: tools and images in a chat", async () => {
  const tools = [{ type: "function", function: { name: "get_weather", parameters: weather } }];
  const called = await openai.chat.completions.create({
    model: "gpt-4.1-mini",
    messages: says("weather"),
    tools,
  });
  const [call] = called.choices[0].message.tool_calls;
  assert.equal(call.function.name, "get_weather");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Ulm" });

  const image_url = { url: `data:image/png;base64,${PIXEL}` };
  const seen = await openai.chat.completions.create({
    model: "gpt-4.1-mini",
    messages: says([
      { type: "text", text: "picture" },
      { type: "image_url", image_url },
    ]),
  });
  assert.equal(seen.choices[0].message.content, "One pixel.");
  const [, { body }] = mock.getRequests();
  assert.equal(body.messages[0].content[1].image_url.url, image_url.url);
});

test("openai: embeddings and generated images", async () => {
  const { data } = await openai.embeddings.create({
    model: "text-embedding-3-small",
    input: "a",
    encoding_format: "float",
  });
  assert.deepEqual(data[0].embedding, [0.25, -0.5, 1]);
  const image = await openai.images.generate({ model: "gpt-image-1", prompt: "a pixel" });
  assert.equal(image.data[0].b64_json, PIXEL);
  assert.deepEqual(reached(), ["POST /v1/embeddings", "POST /v1/images/generations"]);
});

test("openai: a file goes up by multipart and comes back byte for byte", async () => {
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, n) => (n * 31 + (n >> 8)) % 256));
  const file = await openai.files.create({
    file: await toFile(bytes, "all.bin"),
    purpose: "user_data",
  });
  assert.equal(file.bytes, bytes.length);
  const answer = await openai.files.content(file.id);
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes));
  await openai.files.delete(file.id);
  assert.deepEqual(reached(), [
    "POST /v1/files",
    `GET /v1/files/${file.id}/content`,
    `DELETE /v1/files/${file.id}`,
  ]);
});

test("anthropic: messages, plain, streaming, tools and images", async () => {
  const base = { model: "claude-haiku-4-5", max_tokens: 100 };
  const plain = await anthropic.messages.create({ ...base, messages: says("hello") });
  assert.equal(plain.content[0].text, "Hi there!");
  const stream = anthropic.messages.stream({ ...base, messages: says("hello") });
  assert.equal(await stream.finalText(), "Hi there!");
  const called = await anthropic.messages.create({
    ...base,
    messages: says("weather"),
    tools: [{ name: "get_weather", input_schema: weather }],
  });
  const use = called.content.find(({ type }) => type === "tool_use");
  assert.deepEqual([use.name, use.input], ["get_weather", { city: "Ulm" }]);
  const seen = await anthropic.messages.create({
    ...base,
    messages: says([
      { type: "text", text: "picture" },
      { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
    ]),
  });
  assert.equal(seen.content[0].text, "One pixel.");
  assert.deepEqual(reached(), Array(4).fill("POST /v1/messages"));
});

test("gemini: content, plain, streaming and tools, and embeddings", async () => {
  const model = "gemini-2.5-flash";
  const plain = await gemini.models.generateContent({ model, contents: "hello" });
  assert.equal(plain.text, "Hi there!");
  let text = "";
  for await (const chunk of await gemini.models.generateContentStream({
    model,
    contents: "hello",
  })) {
    text += chunk.text ?? "";
  }
  assert.equal(text, "Hi there!");
  const called = await gemini.models.generateContent({
    model,
    contents: [{ role: "user", parts: [{ text: "weather" }] }],
    config: {
      tools: [{ functionDeclarations: [{ name: "get_weather", parametersJsonSchema: weather }] }],
    },
  });
  assert.deepEqual(called.functionCalls[0].args, { city: "Ulm" });
  const embedded = await gemini.models.embedContent({
    model: "gemini-embedding-001",
    contents: "a",
  });
  assert.deepEqual(embedded.embeddings[0].values, [0.25, -0.5, 1]);
  assert.deepEqual(google.lines, [
    `POST /v1/models/${model}:generateContent`,
    `POST /v1/models/${model}:streamGenerateContent`,
    `POST /v1/models/${model}:generateContent`,
    "POST /v1/models/gemini-embedding-001:batchEmbedContents",
  ]);
});

test("an SDK's own retries are the only ones: each is one call", async () => {
  for (const maxRetries of [0, 1]) {
    mock.clearRequests();
    const asked = openai.chat.completions.create(
      { model: "gpt-4.1-mini", messages: says("fail") },
      { maxRetries },
    );
    await assert.rejects(asked, (error) => error instanceof OpenAI.InternalServerError);
    assert.equal(reached().length, 1 + maxRetries);
  }
});

test("one endpoint: openai's SDK reaches other providers' models", async () => {
  for (const model of ["openai/gpt-4.1-mini", "anthropic/claude-haiku-4-5"]) {
    const { data, response } = await one.chat.completions
      .create({ model, messages: says("hello") })
      .withResponse();
    assert.equal(data.choices[0].message.content, "Hi there!");
    assert.equal(response.headers.get("keyseal-model"), model);
  }
  const stream = await one.chat.completions.create({
    model: "openai/gpt-4.1-mini",
    messages: says("weather"),
    tools: [{ type: "function", function: { name: "get_weather", parameters: weather } }],
    stream: true,
  });
  let call = "";
  for await (const chunk of stream) {
    call += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? "";
  }
  assert.deepEqual(JSON.parse(call), { city: "Ulm" });
  const models = mock.getRequests().map(({ body }) => body.model);
  assert.deepEqual(models, ["gpt-4.1-mini", "claude-haiku-4-5", "gpt-4.1-mini"]);
});

test("one endpoint: auto says what it chose, embeddings and models are there", async () => {
  const { data, response } = await one.chat.completions
    .create({ model: "auto", messages: says("hello") })
    .withResponse();
  assert.equal(data.choices[0].message.content, "Hi there!");
  assert.match(response.headers.get("keyseal-model"), /^openai\/gpt-/);
  const embedded = await one.embeddings.create({
    model: "openai/text-embedding-3-small",
    input: "a",
    encoding_format: "float",
  });
  assert.deepEqual(embedded.data[0].embedding, [0.25, -0.5, 1]);
  const listed = [];
  for await (const model of one.models.list()) listed.push(model.id);
  assert.ok(
    listed.some((id) => id.startsWith("openai/")),
    listed.join(),
  );
});

test("one endpoint: refusals are errors of the SDK's own, and final ones are not tried again", async () => {
  const ask = (model) => one.chat.completions.create({ model, messages: says("hello") });
  await assert.rejects(ask("groq/llama"), (error) => {
    assert.ok(error instanceof OpenAI.ConflictError);
    assert.equal(error.code, "no_credential");
    return true;
  });
  await assert.rejects(ask("gpt-4.1-mini"), { code: "validation" });
  const stranger = new OpenAI({ apiKey: "nonsense", baseURL: `${companion.url}/v1` });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  assert.deepEqual(reached(), []);
});

test("no token reached the provider, and no key came back", async () => {
  await openai.chat.completions.create({ model: "gpt-4.1-mini", messages: says("hello") });
  const whole = JSON.stringify(mock.getRequests());
  assert.ok(whole.includes("hello"), "the search looks where something is");
  assert.ok(!whole.includes(token));
  assert.ok(!companion.stderr.includes(keys.openai) && !companion.stderr.includes(token));
});

const PYTHON = `
import os, sys
from openai import OpenAI
url, token = os.environ["COMPANION"], os.environ["TOKEN"]
hello = [{"role": "user", "content": "hello"}]
forward = OpenAI(api_key=token, base_url=url + "/forward/openai/v1", max_retries=0)
print(forward.chat.completions.create(model="gpt-4.1-mini", messages=hello).choices[0].message.content)
text = ""
for chunk in forward.chat.completions.create(model="gpt-4.1-mini", messages=hello, stream=True):
    if chunk.choices and chunk.choices[0].delta.content:
        text += chunk.choices[0].delta.content
print(text)
print(forward.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float").data[0].embedding)
file = forward.files.create(file=("a.bin", bytes(range(256)) * 8), purpose="user_data")
print(forward.files.content(file.id).read() == bytes(range(256)) * 8)
one = OpenAI(api_key=token, base_url=url + "/v1", max_retries=0)
print(one.chat.completions.create(model="anthropic/claude-haiku-4-5", messages=hello).choices[0].message.content)
`;

const skip = existsSync(python) ? false : "Python's openai is not installed (setup.mjs says why)";
test("python: openai through /forward and /v1", { skip }, async () => {
  const { PATH } = process.env;
  const env = { PATH, COMPANION: companion.url, TOKEN: token };
  // Not synchronously: the mock lives in this process.
  const run = await new Promise((resolve) => {
    execFile(python, ["-c", PYTHON], { env }, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    );
  });
  assert.equal(run.error, null, run.stderr);
  assert.deepEqual(run.stdout.trim().split("\n"), [
    "Hi there!",
    "Hi there!",
    "[0.25, -0.5, 1.0]",
    "True",
    "Hi there!",
  ]);
  assert.equal(reached().length, 6);
});
