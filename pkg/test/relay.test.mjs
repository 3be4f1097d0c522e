// The relay's page side over a wasm, a WebSocket and a companion that do as told: what is sent when, what is tried
// again, what waits, and what is said when it breaks. TLS and HTTP themselves are tested where they are.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Engine } from "../dist/relay/engine.js";
import { Session } from "../dist/relay/session.js";
import { FakeRelay, made } from "./relay.mjs";

let world;
beforeEach((t) => {
  world = new FakeRelay();
  world.serve(t);
});
afterEach(() => world.session?.wipe(new Error("the test is over")));

/** A session whose engine runs in this process, as in a page without a worker. */
function session(more = {}) {
  const parts = {
    companion: "https://keys.example.com",
    token: async () => "token-1",
    connections: () => 4,
    grant: async ([id]) => made.grant(id),
    locked: () => Object.assign(new Error("locked"), { code: "vault_locked" }),
    used: (user, used) => world.used.push({ ...user, ...used }),
    ...more,
  };
  const start = async (setting, hear) => {
    const engine = new Engine({ postMessage: (message) => hear(message) }, world.wasm);
    engine.hear({ type: "start", module: undefined, setting });
    await new Promise((resolve) => setImmediate(resolve));
    return { send: engine.hear, end: () => {} };
  };
  world.session = new Session(parts, start, []);
  return world.session;
}

const request = (more = {}) => ({
  entry: "e1",
  provider: "openai",
  isCounted: true,
  route: "openai",
  host: undefined,
  method: "POST",
  path: "/v1/chat/completions",
  headers: new Headers({ "x-mine": "1" }),
  input: "https://keys.example.com/forward/openai/v1/chat/completions",
  init: { body: "{}" },
  url: "https://keys.example.com/forward/openai/v1/chat/completions",
  signal: undefined,
  ...more,
});

test("a request goes up with its body, and a standard Response comes down", async () => {
  const answer = await session().send(request());
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("keyseal-served-by"), "entry e1");
  assert.equal(answer.headers.get("keyseal-path"), "relay");
  assert.equal(answer.url, request().url);
  assert.equal(await answer.text(), "echo:{}");

  const [seen] = world.requests;
  assert.deepEqual([seen.method, seen.path, seen.body], ["POST", "/v1/chat/completions", 2]);
  assert.deepEqual(new Headers(seen.headers).get("content-type"), "text/plain;charset=UTF-8");
  const [socket] = world.sockets;
  assert.equal(socket.url, "wss://keys.example.com/relay/openai");
  assert.deepEqual(socket.protocols, ["keyseal.relay.v1", "keyseal.token.token-1"]);
  assert.deepEqual(world.used, [
    { entry: "e1", provider: "openai", isCounted: true, status: 200, model: "m", inputTokens: 7 },
  ]);
});

test("one connection serves request after request, another entry's too; a closed one is not used", async () => {
  const relay = session();
  for (const entry of ["e1", "e2", "e1"]) await (await relay.send(request({ entry }))).text();
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(world.granted, ["e1", "e2"]);
  world.sockets[0].end(1000);
  await (await relay.send(request())).text();
  assert.equal(world.sockets.length, 2);
});

test("more requests than connections wait for their turn", async () => {
  world.hold = true;
  const relay = session();
  const answers = Array.from({ length: 20 }, () => relay.send(request()).then((a) => a.text()));
  await world.until(() => world.requests.length === 4);
  assert.equal(world.sockets.length, 4);
  world.release();
  assert.equal((await Promise.all(answers)).length, 20);
  assert.equal(world.sockets.length, 4);
});

test("where the companion has no more connections to give, those that are open serve all", async () => {
  const relay = session();
  world.hold = true;
  const first = relay.send(request()).then((answer) => answer.text());
  await world.until(() => world.requests.length === 1);
  world.refuse = 4429;
  const others = [1, 2, 3].map(() => relay.send(request()).then((answer) => answer.text()));
  await world.until(() => world.sockets.length > 1);
  world.release();
  assert.equal((await Promise.all([first, ...others])).length, 4);
  assert.equal(world.sockets.filter(({ wasOpen }) => wasOpen).length, 1);
});

test("without a connection of its own, a tab that gets none says so", async () => {
  world.refuse = 4429;
  await assert.rejects(session().send(request()), { code: "rate_limited" });
});

test("a used connection that was gone is noticed: what can be asked again is, the rest says that it may have arrived", async () => {
  const relay = session();
  const cases = [
    ["GET", {}, undefined],
    ["POST", { body: "{}" }, "relay_interrupted"],
    ["PUT", { body: "{}" }, "relay_interrupted"],
  ];
  for (const [method, init, code] of cases) {
    await (await relay.send(request())).text();
    const before = world.sockets.length;
    world.dropNext = true;
    const asked = relay.send(request({ method, init }));
    if (code) {
      await assert.rejects(asked, (error) => {
        assert.deepEqual([error.code, /may have reached/.test(error.next)], [code, true]);
        return true;
      });
    } else {
      assert.equal((await asked).status, 200);
      assert.equal(world.sockets.length, before + 1);
    }
  }
});

test("a new connection that breaks is not tried again", async () => {
  world.dropNext = true;
  await assert.rejects(session().send(request({ method: "GET", init: {} })), {
    code: "relay_interrupted",
  });
  assert.equal(world.requests.length, 1);
});

test("the companion's reasons are told: on the way, at the door, and where WebSockets are blocked", async () => {
  const codes = { 4401: "unauthorized", 4403: "host_refused", 4502: "upstream_unreachable" };
  for (const [close, code] of Object.entries(codes)) {
    world.refuse = Number(close);
    await assert.rejects(session().send(request()), { code });
  }
  for (const [status, header, code] of [
    [401, "unauthorized", "unauthorized"],
    [404, "provider_unknown", "provider_unknown"],
    [404, "not_found", "relay_missing"],
    [426, "upgrade_required", "relay_blocked"],
  ]) {
    world.refuse = 1006;
    world.door = () => new Response("{}", { status, headers: { "keyseal-error": header } });
    await assert.rejects(session().send(request()), { code });
    assert.equal(world.knocked.at(-1).headers.get("authorization"), "Bearer token-1");
  }
  world.door = () => {
    throw new TypeError("fetch failed");
  };
  await assert.rejects(session().send(request()), { code: "companion_unreachable" });
});

test("a stream that breaks off ends with an error, after what had come", async () => {
  world.answer = ({ socket }) => {
    socket.part({ kind: "head", status: 200, headers: [] });
    socket.part({ kind: "chunk", bytes: made.bytes("one") });
  };
  const answer = await session().send(request());
  const reader = answer.body.getReader();
  assert.equal(made.text((await reader.read()).value), "one");
  world.sockets[0].end(1006);
  await assert.rejects(reader.read(), { code: "relay_interrupted" });
});

test("after the computer slept, a stream that goes on is kept, and one that is dead ends soon with an error", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let now = Date.now();
  t.mock.method(Date, "now", () => now);
  const pass = (seconds) => {
    for (let at = 0; at < seconds; at += 5) {
      now += 5_000;
      t.mock.timers.tick(5_000);
    }
  };
  const sleep = () => {
    now += 3_600_000;
    pass(5);
  };
  world.answer = ({ socket }) => {
    socket.part({ kind: "head", status: 200, headers: [] });
    socket.part({ kind: "chunk", bytes: made.bytes("one") });
  };
  const answer = await session().send(request());
  const reader = answer.body.getReader();
  assert.equal(made.text((await reader.read()).value), "one");

  sleep();
  world.sockets[0].part({ kind: "chunk", bytes: made.bytes("two") });
  assert.equal(made.text((await reader.read()).value), "two");
  pass(60);
  assert.equal(world.sockets[0].readyState, 1, "it lives");

  sleep();
  assert.equal(world.sockets[0].readyState, 1, "it has some seconds to show that it does");
  pass(15);
  await assert.rejects(reader.read(), { code: "upstream_timeout" });
  assert.equal(world.sockets[0].readyState, 3);
});

test("abort: before, while waiting for the head, in the body; the connection ends and the reason is the caller's", async () => {
  const relay = session();
  const reason = new Error("the caller's own");
  await assert.rejects(relay.send(request({ signal: AbortSignal.abort(reason) })), reason);
  assert.equal(world.sockets.length, 0);

  world.hold = true;
  const waiting = new AbortController();
  const asked = relay.send(request({ signal: waiting.signal }));
  await world.until(() => world.requests.length === 1);
  waiting.abort(reason);
  await assert.rejects(asked, reason);
  await world.until(() => world.sockets[0].readyState === 3);

  world.hold = false;
  world.answer = ({ socket }) => socket.part({ kind: "head", status: 200, headers: [] });
  const reading = new AbortController();
  const answer = await relay.send(request({ signal: reading.signal }));
  reading.abort(reason);
  await assert.rejects(answer.text(), reason);
  await world.until(() => world.sockets[1].readyState === 3);

  await (await relay.send(request())).body.cancel();
  await world.until(() => world.sockets[2].readyState === 3);
});

test("a lock ends what runs, and the engine has wiped its keys; what comes next is granted anew", async () => {
  const relay = session();
  world.answer = ({ socket }) => socket.part({ kind: "head", status: 200, headers: [] });
  const streaming = await relay.send(request());
  world.hold = true;
  const waiting = relay.send(request());
  await world.until(() => world.requests.length === 2);
  relay.wipe(Object.assign(new Error("locked"), { code: "vault_locked" }));
  await assert.rejects(streaming.text(), { code: "vault_locked" });
  await assert.rejects(waiting, { code: "vault_locked" });
  await world.until(() => world.keys.every(({ wiped }) => wiped));
  assert.ok(world.sockets.every(({ readyState }) => readyState >= 2));

  world.hold = false;
  world.answer = undefined;
  assert.equal((await relay.send(request())).status, 200);
  assert.deepEqual(world.granted, ["e1", "e1"]);
});

test("a revoked entry ends alone; with the last one the keys go", async () => {
  const relay = session();
  world.answer = ({ socket }) => socket.part({ kind: "head", status: 200, headers: [] });
  const [one, two] = [
    await relay.send(request({ entry: "e1" })),
    await relay.send(request({ entry: "e2" })),
  ];
  await relay.check((record) => record !== "record of e1");
  await assert.rejects(one.text(), { code: "entry_changed" });
  assert.deepEqual(world.keys[0].removed, ["e1"]);
  assert.equal(world.keys[0].wiped, false);
  await relay.check(() => false);
  await assert.rejects(two.text(), { code: "entry_changed" });
  await world.until(() => world.keys[0].wiped);
});

test("a body goes up only as fast as it is taken, and down only as fast as it is read", async () => {
  const relay = session();
  world.thirst = 0;
  let pulled = 0;
  const body = new ReadableStream({
    pull(stream) {
      pulled += 1;
      if (pulled > 200) stream.close();
      else stream.enqueue(new Uint8Array(64 * 1024));
    },
  });
  const sending = relay.send(request({ init: { body, duplex: "half" } }));
  await world.until(() => pulled > 2);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(pulled < 12, `${pulled} pieces of 64 KiB were read while none was taken`);
  world.thirst = Number.POSITIVE_INFINITY;
  world.sockets[0].nudge();
  assert.equal((await sending).status, 200);
  assert.equal(world.requests[0].body, "chunked");
  assert.equal(world.requests[0].received, 200 * 64 * 1024);

  world.answer = ({ socket }) => {
    socket.part({ kind: "head", status: 200, headers: [] });
    for (let piece = 0; piece < 100; piece += 1) {
      socket.part({ kind: "chunk", bytes: new Uint8Array(64 * 1024) });
    }
    socket.part({ kind: "end", reusable: true });
  };
  const answer = await relay.send(request());
  await new Promise((resolve) => setTimeout(resolve, 30));
  const handedOut = 100 - world.sockets[0].parts.filter(({ kind }) => kind === "chunk").length;
  assert.ok(handedOut <= 6, `${handedOut} pieces of 64 KiB were taken in while none was read`);
  assert.equal((await answer.arrayBuffer()).byteLength, 100 * 64 * 1024);
  assert.ok(world.sockets[0].acks.length > 10);
});

test("every kind of body that fetch takes arrives, with its length and type", async () => {
  const relay = session();
  const form = new FormData();
  form.set("file", new Blob(["abc"]), "a.txt");
  const streamed = new Request("https://x.example", { method: "POST", body: "abc" });
  const cases = [
    [{ init: { body: "äö" } }, 4, /^text\/plain/],
    [{ init: { body: new TextEncoder().encode("abc") } }, 3, undefined],
    [{ init: { body: new Blob(["abc"], { type: "audio/wav" }) } }, 3, /^audio\/wav/],
    [{ init: { body: new URLSearchParams({ a: "b c" }) } }, 5, /^application\/x-www-form/],
    [{ init: { body: form } }, "chunked", /^multipart\/form-data; boundary=/],
    [{ input: streamed, init: undefined }, "chunked", /^text\/plain/],
    [{ method: "GET", init: undefined }, "none", undefined],
  ];
  for (const [more, length, type] of cases) {
    await (await relay.send(request(more))).text();
    const seen = world.requests.at(-1);
    assert.equal(seen.body, length);
    const sent = new Headers(seen.headers).get("content-type");
    if (type) assert.match(sent, type);
    else assert.equal(sent, null);
  }
});
