// `/openapi.json` is a valid document, and what the real companion answers has the form it says.
// Which calls there are, and which refusals each has, the companion's own tests see to.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { demoKey } from "../support/canary.mjs";
import { entryId, now, sealWithJose } from "../support/jose.mjs";
import { chat, chatPath, companionForUsers } from "../support/users.mjs";

const sub = "user-1";
let companion;
let described;
let ask;

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);

before(async () => {
  const started = await companionForUsers();
  companion = started.companion;
  described = await (await fetch(`${companion.url}/openapi.json`)).json();
  const schemas = mapped(described.components.schemas, (schema) => closed(schema, false));
  ajv.addSchema({ $id: "api", components: { schemas } });
  const token = await started.tokenFor(sub);
  ask = async (method, path, body, headers) => {
    const answer = await started.call(token, method, path, body, headers);
    holds({ method, path, body, answer });
    return answer;
  };
});

after(() => companion?.remove());

const mapped = (members, change) =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value)]));

/**
 * The same with nothing left open: a member that an answer has and the description has not is a
 * mistake here, while to the world it only says that there may be more one day. What `allOf` puts
 * together is closed as one.
 */
function closed(schema, whole = true) {
  const { $ref, properties, items, anyOf, oneOf, allOf } = schema;
  const isOpen = "additionalProperties" in schema || !($ref || properties || allOf);
  return {
    ...schema,
    ...($ref && { $ref: `api${$ref}` }),
    ...(properties && { properties: mapped(properties, (each) => closed(each, !allOf)) }),
    ...(items && { items: closed(items) }),
    ...(anyOf && { anyOf: anyOf.map((each) => closed(each)) }),
    ...(oneOf && { oneOf: oneOf.map((each) => closed(each)) }),
    ...(allOf && { allOf: allOf.map((each) => closed(each, false)) }),
    ...(whole && !isOpen && { unevaluatedProperties: false }),
  };
}

/** Why the value is not of that schema; null where it is. */
function mistakes(schema, value) {
  const validate = ajv.compile(closed(schema));
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

function operationOf(method, path) {
  const asked = path.split("?")[0];
  const fits = (template) => {
    const pattern = template.replace("{path}", ".+").replace(/\{\w+\}/g, "[^/]+");
    return new RegExp(`^${pattern}$`).test(asked);
  };
  const parameters = (template) => template.split("{").length;
  const [template] = Object.keys(described.paths)
    .filter(fits)
    .sort((one, other) => parameters(one) - parameters(other));
  return described.paths[template][method.toLowerCase()];
}

/** What is said of the answer's body: of a provider's there is no schema. */
function contentOf(operation, answer) {
  const { $ref, ...own } = operation.responses[answer.status] ?? operation.responses.default;
  const response = $ref ? described.components.responses[$ref.split("/").at(-1)] : own;
  const form = answer.headers.get("content-type")?.split(";")[0];
  return response.content[form] ?? response.content["*/*"];
}

/** The answer has the described form; so had what was sent, where it was taken. */
function holds({ method, path, body, answer }) {
  const operation = operationOf(method, path);
  const said = `${method} ${path} ${answer.status} ${answer.text}`;
  if (answer.json) {
    const content = contentOf(operation, answer);
    assert.ok(content, said);
    if (content.schema) assert.equal(mistakes(content.schema, answer.json), null, said);
  }
  if (body && answer.status < 300) {
    const { schema } = operation.requestBody.content["application/json"] ?? {};
    if (schema) assert.equal(mistakes(schema, body), null, `${method} ${path}: what was sent`);
  }
}

async function newEntry() {
  const jwks = (await ask("GET", "/.well-known/jwks.json")).json;
  const id = entryId();
  const claims = { key: demoKey().key, provider: "demo", sub, rid: id, iat: now() };
  return { id, provider: "demo", sealedKey: await sealWithJose(claims, jwks.keys[0]) };
}

test("it is a valid OpenAPI document, and its examples are what it says", async () => {
  const validated = await new Validator().validate(structuredClone(described));
  assert.equal(validated.valid, true, JSON.stringify(validated.errors));
  let examples = 0;
  const walk = (node) => {
    if (node === null || typeof node !== "object") return;
    const given = [...(Array.isArray(node.examples) ? node.examples : [])].map((each) => [
      node,
      each,
    ]);
    if (node.schema && "example" in node) given.push([node.schema, node.example]);
    for (const [schema, example] of given) {
      examples += 1;
      assert.equal(mistakes(schema, example), null, JSON.stringify(example));
    }
    Object.values(node).forEach(walk);
  };
  walk(described);
  assert.ok(examples > 15, `${examples} examples`);
});

test("an entry's whole life has the described form", async () => {
  const upload = { ...(await newEntry()), label: "prod", budgetUsd: 5, expiresAt: null };
  const added = await ask("POST", "/api/v1/api-keys", upload);
  assert.equal(added.status, 201, added.text);
  const other = await newEntry();
  await ask("POST", "/api/v1/api-keys", other);
  const at = `/api/v1/api-keys/${upload.id}`;
  const ids = [other.id, upload.id];
  const taken = [
    await ask("GET", at),
    await ask("PATCH", at, { label: "test", isActive: true, budgetPeriod: "total" }),
    await ask("PATCH", at, { budgetUsd: null, expiresAt: "2099-01-01T00:00:00Z" }),
    await ask("POST", "/api/v1/api-keys/reorder", { provider: "demo", ids }),
    await ask("POST", `${at}/test`),
    await ask("POST", chatPath, chat),
    await ask("GET", "/api/v1/api-keys"),
  ];
  assert.deepEqual(
    taken.map((answer) => answer.status),
    taken.map(() => 200),
  );
  assert.equal(taken.at(-1).json.keys.length, 2);
  assert.equal((await ask("DELETE", `/api/v1/api-keys/${other.id}`)).status, 204);

  // Written in a moment.
  const byAll = "/api/v1/usage?by=day,provider,model,entry";
  let used = await ask("GET", byAll);
  for (let tries = 0; used.json.rows.length === 0 && tries < 100; tries += 1) {
    await new Promise((resume) => setTimeout(resume, 50));
    used = await ask("GET", byAll);
  }
  assert.equal(used.json.rows[0].entry, other.id, "the first in the new order");
  await ask("GET", "/api/v1/usage?by=week");
  const csv = await ask("GET", "/api/v1/usage?format=csv");
  assert.match(csv.headers.get("content-type"), /^text\/csv/);
  const { events } = (await ask("GET", "/api/v1/audit")).json;
  assert.ok(events.length > 5);
});

test("who one is, and what anybody may know, has the described form", async () => {
  const settings = { platformAllowed: { openai: true, groq: null }, theme: "dark" };
  const calls = [
    ["GET", "/.well-known/keyseal"],
    ["GET", "/healthz"],
    ["GET", "/readyz"],
    ["GET", "/openapi.json"],
    ["GET", "/api/v1/me"],
    ["PATCH", "/api/v1/me", { settings }],
    ["GET", "/api/v1/providers"],
    ["GET", "/api/v1/oauth/openrouter"],
    ["GET", "/v1/models"],
  ];
  for (const call of calls) {
    const answer = await ask(...call);
    assert.equal(answer.status, 200, `${call} ${answer.text}`);
    assert.ok(answer.json);
  }
});

test("refusals have the described form, and their codes are described", async () => {
  const upload = await newEntry();
  const calls = [
    [401, "GET", "/api/v1/me", undefined, { authorization: "Bearer nonsense" }],
    [404, "GET", `/api/v1/api-keys/${upload.id}`],
    [422, "POST", "/api/v1/api-keys", { ...upload, priority: -1 }],
    [422, "POST", "/api/v1/api-keys", { ...upload, id: entryId() }],
    [422, "POST", "/api/v1/api-keys", { apiKey: demoKey().key }],
    [404, "POST", "/api/v1/local/token", { link: "x" }],
    [501, "GET", "/api/v1/oauth/openai"],
    [409, "POST", "/forward/groq/openai/v1/chat/completions", chat],
    [422, "POST", "/v1/chat/completions", { model: "nonsense", messages: [] }],
    [426, "GET", "/relay/openai"],
  ];
  for (const [status, ...call] of calls) {
    const answer = await ask(...call);
    assert.equal(answer.status, status, `${call} ${answer.text}`);
    assert.ok(answer.headers.get("keyseal-error"), answer.text);
  }
});

test("what does not have the described form is found", async () => {
  const { json, ...answer } = await ask("GET", "/api/v1/me");
  const { schema } = contentOf(operationOf("GET", "/api/v1/me"), answer);
  assert.equal(mistakes(schema, json), null);
  const { sub: _, ...less } = json;
  const wrong = [less, { ...json, more: 1 }, { ...json, now: "yesterday" }];
  wrong.push({ ...json, limits: { ...json.limits, more: 1 } });
  for (const value of wrong) assert.notEqual(mistakes(schema, value), null, JSON.stringify(value));
});
