// The relay's wasm as it is published, against Node's TLS server: the vault key goes over to it, a
// request goes out with the key in it, and nothing of either is left in its memory.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { findClang } from "../../scripts/lib/clang.mjs";
import { demoKey } from "../support/canary.mjs";
import { entryId, rsaPair, wellKnownOf } from "../support/jose.mjs";
import { makeCertificates, serveTls } from "../support/tls.mjs";
import { loadWasm } from "../support/wasm.mjs";

const issuer = "https://keys.example.com";
const sub = "user-1";
const skip = !findClang() && "the relay was not built: no clang that makes wasm";
const dist = new URL("../../pkg/dist/relay-wasm/", import.meta.url);

let wasm;
let relay;
let memory;
let wellKnown;
let certificates;
let provider;
/** What the provider does with a request. */
let handler;

before(async () => {
  if (skip) return;
  wasm = await loadWasm();
  relay = await import(new URL("keyseal_relay.js", dist));
  ({ memory } = relay.initSync({ module: await readFile(new URL("keyseal_relay_bg.wasm", dist)) }));
  const [current, identity] = [await rsaPair("enc", "RSA-OAEP-256"), await rsaPair("sig", "PS256")];
  wellKnown = await wellKnownOf({ issuer, identity, current });
  certificates = makeCertificates();
  provider = await serveTls(certificates, (request, response) => handler(request, response));
});

after(async () => {
  await provider?.close();
  certificates?.remove();
});

/** A vault with a key for the provider. */
async function vaultWith(key, host = provider.host) {
  const vault = await wasm.VaultCore.open({ issuer, sub, memory: true });
  vault.acceptKeyset(wellKnown, undefined);
  const rid = entryId();
  await vault.addBrowser(key, { rid, provider: "openai", host });
  return { vault, rid };
}

const timesInMemory = (text) => {
  const bytes = Buffer.from(memory.buffer);
  let [count, at] = [0, bytes.indexOf(text)];
  for (; at >= 0; at = bytes.indexOf(text, at + 1)) count += 1;
  return count;
};

/** A connection over a socket, shaken hands. */
async function connected(keys, rid) {
  const connection = new relay.RelayConnection(keys, "openai", rid, [certificates.rootDer]);
  const socket = connect(Number(connection.serverName.split(":")[1]), "127.0.0.1");
  const tunnel = { connection, socket, ended: false };
  socket.on("close", () => {
    tunnel.ended = true;
  });
  await until(tunnel, () => connection.state !== "handshaking");
  return tunnel;
}

function send({ connection, socket }) {
  for (let bytes = connection.outgoing(); bytes; bytes = connection.outgoing()) socket.write(bytes);
}

async function until(tunnel, done) {
  for (send(tunnel); !done(); send(tunnel)) {
    if (!tunnel.socket.readableLength) await once(tunnel.socket, "readable");
    const bytes = tunnel.socket.read();
    if (bytes) tunnel.connection.receive(new Uint8Array(bytes));
    else tunnel.connection.receiveEnd();
  }
}

/** The whole answer. */
async function answer(tunnel) {
  const whole = { body: Buffer.alloc(0) };
  await until(tunnel, () => {
    for (let part = tunnel.connection.next(); part; part = tunnel.connection.next()) {
      if (part.kind === "head") Object.assign(whole, part);
      else if (part.kind === "chunk") whole.body = Buffer.concat([whole.body, part.bytes]);
      else whole.reusable = part.reusable;
    }
    return whole.reusable !== undefined;
  });
  return whole;
}

const code = (run) => {
  try {
    run();
  } catch (error) {
    assert.equal(error.name, "KeysealError", String(error));
    assert.ok(error.message.endsWith(".") && error.next.endsWith("."), error.code);
    return error.code;
  }
  return "no error";
};

test("the key goes to the provider and stays nowhere", { skip }, async () => {
  const { key } = demoKey();
  const { vault, rid } = await vaultWith(key);
  const heard = [];
  handler = (request, response) => {
    heard.push(request.headers.authorization);
    request.resume().on("end", () => response.end(`{"n":${heard.length}}`));
  };
  const keys = await relay.RelayKeys.accept(await vault.relayGrant([rid]));
  const tunnel = await connected(keys, rid);
  const { connection } = tunnel;
  assert.equal(connection.serverName, provider.host);
  assert.equal(connection.relayPath, `/relay/openai?host=${encodeURIComponent(provider.host)}`);
  assert.equal(timesInMemory(key), 0, "it is opened for a request, not before");

  for (const n of [1, 2]) {
    const headers = [["authorization", "Bearer the-callers"]];
    connection.request(rid, "POST", "/v1/chat/completions", headers, n === 1 ? 4 : "chunked");
    // The control: it is looked for in the answer, so it is here until then.
    assert.ok(timesInMemory(key) > 0);
    assert.equal(connection.write(Buffer.from("body")), 4);
    connection.finish();
    const { status, body, reusable } = await answer(tunnel);
    assert.deepEqual([status, body.toString(), reusable], [200, `{"n":${n}}`, true]);
    assert.equal(timesInMemory(key), 0, "after the answer");
  }
  assert.deepEqual(heard, [`Bearer ${key}`, `Bearer ${key}`]);
  assert.ok(connection.taken > 0);

  // A provider that sends it back: what arrived stays in the connection's buffers, as long as it lives.
  handler = (_, response) => response.setHeader("x-echo", key).end(key);
  connection.request(rid, "GET", "/v1/models", [["accept", "text/plain"]], "none");
  const { headers } = await answer(tunnel);
  const echo = headers.find(([name]) => name === "x-echo")[1];
  assert.equal(echo, "*".repeat(key.length));

  connection.close();
  send(tunnel);
  tunnel.socket.destroy();
  assert.equal(connection.state, "closed");
  connection.free();
  assert.equal(timesInMemory(key), 0, "after the connection");
  keys.free();
});

test("locking wipes the key in the middle of a request", { skip }, async () => {
  const { key } = demoKey();
  const { vault, rid } = await vaultWith(key);
  handler = () => {};
  const keys = await relay.RelayKeys.accept(await vault.relayGrant([rid]));
  const tunnel = await connected(keys, rid);
  tunnel.connection.request(rid, "GET", "/v1/models", [], "none");
  send(tunnel);
  assert.ok(timesInMemory(key) > 0, "the control");
  keys.wipe();
  assert.equal(timesInMemory(key), 0);
  assert.equal(
    code(() => tunnel.connection.next()),
    "vault_locked",
  );
  assert.equal(
    code(() => new relay.RelayConnection(keys, "openai", rid)),
    "vault_locked",
  );
  assert.equal(
    code(() => keys.put(rid, "{}")),
    "vault_locked",
  );
  tunnel.socket.destroy();
});

test("a grant is a key that nobody can read, and fits its vault and user alone", {
  skip,
}, async () => {
  const { key } = demoKey();
  const { vault, rid } = await vaultWith(key);
  const grant = await vault.relayGrant([rid]);
  assert.equal(grant.key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("raw", grant.key));
  assert.ok(!JSON.stringify(grant.records).includes(key));
  const again = await vault.relayGrant([rid]);
  assert.notDeepEqual(again.wrapped, grant.wrapped);

  const refused = (changed) =>
    assert.rejects(relay.RelayKeys.accept({ ...grant, ...changed }), {
      name: "KeysealError",
      code: "grant_refused",
    });
  await refused({ key: again.key });
  await refused({ wrapped: again.wrapped });
  await refused({ vault: "another" });
  await refused({ sub: "another" });
  await refused({ wrapped: new Uint8Array(3) });
  for (const nothing of [
    undefined,
    null,
    7,
    {},
    { ...grant, key: {} },
    { ...grant, records: [1] },
  ]) {
    await assert.rejects(relay.RelayKeys.accept(nothing), { name: "KeysealError" });
  }
  const keys = await relay.RelayKeys.accept(structuredClone(grant));
  assert.equal(keys.vault, grant.vault);
  keys.remove(rid);
  assert.equal(
    code(() => new relay.RelayConnection(keys, "openai", rid)),
    "not_found",
  );

  await assert.rejects(vault.relayGrant(["nobody"]), { code: "not_found" });
  await assert.rejects(vault.relayGrant("nobody"), { code: "validation" });
  vault.lock();
  await assert.rejects(vault.relayGrant([rid]), { code: "vault_locked" });
});

test("arguments of any kind give an error with a code and never a panic", { skip }, async () => {
  const { vault, rid } = await vaultWith(demoKey().key);
  const keys = await relay.RelayKeys.accept(await vault.relayGrant([rid]));
  const connection = new relay.RelayConnection(keys, "openai", rid, undefined);
  const junk = [undefined, null, 7, "x", {}, [], [[]], [["a"]], Symbol.iterator, () => 1];
  for (const any of junk) {
    if (!Array.isArray(any) || any.length)
      if (any !== undefined)
        assert.equal(
          code(() => new relay.RelayConnection(keys, "openai", rid, any)),
          "validation",
        );
    assert.equal(
      code(() => connection.receive(any)),
      "validation",
    );
    assert.equal(
      code(() => connection.write(any)),
      "validation",
    );
    assert.match(
      code(() => connection.request(any, any, any, any, any)),
      /validation|relay_busy/,
    );
    assert.match(
      code(() => keys.put(any, any)),
      /validation|entry_damaged/,
    );
  }
  assert.equal(
    code(() => connection.request(rid, "GET", "/v1/models", [], "none")),
    "relay_busy",
  );
  assert.equal(connection.next(), undefined);
  assert.equal(connection.state, "handshaking");
});

test("tokens are counted as the companion counts them", { skip }, () => {
  const usage = new relay.RelayUsage("openai", "POST", "/v1/chat/completions?x=1");
  usage.begin([["content-type", "application/json"]]);
  const body =
    '{"model":"gpt-5","usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}';
  for (const letter of body) usage.push(new TextEncoder().encode(letter));
  assert.deepEqual(usage.finish(true), {
    inputTokens: 7,
    outputTokens: 2,
    totalTokens: 9,
    model: "gpt-5",
  });
  const none = new relay.RelayUsage("openai", "POST", "/v1/chat/completions");
  assert.deepEqual(none.finish(true), {});
});

test("a key is tested by the catalogue's call", { skip }, async () => {
  const { key } = demoKey();
  const { vault, rid } = await vaultWith(key);
  const keys = await relay.RelayKeys.accept(await vault.relayGrant([rid]));
  const tunnel = await connected(keys, rid);
  const { method, path, headers, body } = relay.testCall("openai");
  for (const [status, verdict] of [
    [200, "valid"],
    [401, "invalid"],
    [429, "limited"],
    [500, "unknown"],
  ]) {
    handler = (_, response) =>
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    tunnel.connection.request(rid, method, path, headers, body?.length ?? "none");
    const answered = await answer(tunnel);
    assert.equal(relay.judge("openai", answered.status, "application/json", "{}"), verdict);
  }
  tunnel.socket.destroy();
  for (const [status, body, said] of [
    [200, undefined, undefined],
    [401, undefined, "look"],
    [401, "{}", "refused"],
    [402, undefined, "limited"],
    [403, '{"error":{"code":"billing_not_active"}}', "limited"],
    [429, undefined, "wait"],
    [503, undefined, undefined],
  ]) {
    assert.equal(relay.against("openai", status, "application/json", body), said, `${status}`);
  }
  assert.equal(relay.against("openai", 401, "text/html", "<html>"), "unsaid");
  assert.equal(relay.against("openrouter", 403, "application/json", "{}"), undefined);
  assert.equal(relay.against("minimax", 200, "application/json", undefined), "look");
  assert.equal(relay.against("nobody", 401, "", ""), undefined);
  assert.equal(relay.testCall("nobody"), undefined);
  assert.equal(relay.judge("openai", 200, "text/html", "<html>"), "unknown");
  assert.equal(
    code(() => relay.judge("openai", "200", undefined, "")),
    "validation",
  );
});
