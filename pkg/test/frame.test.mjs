// What a page and the isolated frame say to each other, over a real message port: requests with bodies both ways,
// abort, and whatever a hostile page may say.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { Asking } from "../dist/frame/asking.js";
import { Frame, frameConfig } from "../dist/frame/index.js";
import { fromHost } from "../dist/frame/messages.js";
import { Serving } from "../dist/frame/serving.js";

let upstream;
let seen;

before(async () => {
  upstream = createServer(async (request, response) => {
    seen = { path: request.url, method: request.method, headers: request.headers, ended: false };
    request.on("close", () => {
      seen.ended = true;
    });
    if (request.url === "/echo") {
      response.writeHead(201, "Made", { "content-type": "text/plain", "x-seen": "yes" });
      for await (const chunk of request) response.write(chunk);
      response.end();
    } else if (request.url === "/endless") {
      response.writeHead(200);
      response.write("first");
      response.on("close", () => {
        seen.cutOff = true;
      });
    } else if (request.url === "/none") response.writeHead(204).end();
    else if (request.url === "/broken") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => response.destroy(), 20);
    }
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
});

after(() => {
  upstream.closeAllConnections();
  upstream.close();
});

const url = (path) => `http://127.0.0.1:${upstream.address().port}${path}`;

/** A page and a frame with a port between; the frame's vault fetches whatever it is asked. */
function pair(fetch = globalThis.fetch) {
  const { port1, port2 } = new MessageChannel();
  const said = [];
  const serving = new Serving(
    () => fetch,
    (message, transfer) => port2.postMessage(message, transfer),
  );
  const asking = new Asking((message, transfer) => {
    said.push(message.type);
    port1.postMessage(message, transfer);
  });
  port1.onmessage = ({ data }) => asking.heard(data);
  port2.onmessage = ({ data }) => {
    const message = fromHost(data);
    if (message) serving.heard(message);
  };
  return {
    asking,
    serving,
    said,
    port: port1,
    fetch: (...given) => asking.fetch(...given),
    [Symbol.dispose]: () => {
      port1.close();
      port2.close();
    },
  };
}

async function within(use) {
  const page = pair();
  try {
    await use(page);
  } finally {
    page[Symbol.dispose]();
  }
}

test("a request goes through with its method, headers and body, and its answer comes back whole", () =>
  within(async ({ fetch }) => {
    const form = new FormData();
    form.set("file", new Blob(["in a form"]), "name.txt");
    for (const [body, expected] of [
      ["text", "text"],
      [new TextEncoder().encode("bytes"), "bytes"],
      [new Blob(["blob"]), "blob"],
      [form, "in a form"],
    ]) {
      const answer = await fetch(url("/echo"), { method: "POST", body, headers: { "x-own": "1" } });
      assert.equal(answer.status, 201);
      assert.equal(answer.statusText, "Made");
      assert.equal(answer.url, url("/echo"));
      assert.equal(answer.headers.get("x-seen"), "yes");
      assert.ok((await answer.text()).includes(expected));
      assert.equal(seen.method, "POST");
      assert.equal(seen.headers["x-own"], "1");
    }
    const none = await fetch(new Request(url("/none"), { method: "DELETE" }));
    assert.deepEqual([none.status, none.body, seen.method], [204, null, "DELETE"]);
  }));

test("bodies stream both ways: a piece is answered before the next is given", () =>
  within(async ({ fetch }) => {
    let give;
    const body = new ReadableStream({
      start: (controller) => {
        give = controller;
      },
    });
    give.enqueue(new TextEncoder().encode("one"));
    const answer = await fetch(url("/echo"), { method: "POST", body, duplex: "half" });
    const reader = answer.body.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    assert.equal(await read(), "one");
    const mine = new TextEncoder().encode("two");
    give.enqueue(mine);
    assert.equal(await read(), "two");
    assert.equal(mine.byteLength, 3, "the page's own bytes stay its own");
    give.close();
    assert.equal((await reader.read()).done, true);
  }));

test("a large body arrives unchanged, and waits while nobody reads", () =>
  within(async ({ fetch, said }) => {
    const megabyte = new Uint8Array(1 << 20).map((_, at) => at % 251);
    let made = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        made += 1;
        if (made > 12) controller.close();
        else controller.enqueue(megabyte);
      },
    });
    const answer = await fetch(url("/echo"), { method: "POST", body, duplex: "half" });
    const pulls = () => said.filter((type) => type === "pull").length;
    assert.ok(pulls() <= 1, "nothing beyond one piece is asked for before it is read");
    const bytes = new Uint8Array(await answer.arrayBuffer());
    assert.equal(bytes.length, 12 << 20);
    assert.ok(bytes.every((byte, at) => byte === (at % (1 << 20)) % 251));
  }));

test("an abort ends the request before and after its head, and so does leaving its body", () =>
  within(async ({ fetch }) => {
    const early = new AbortController();
    const never = fetch(url("/silent"), { signal: early.signal });
    await until(() => seen.path === "/silent");
    early.abort(new Error("no more"));
    await assert.rejects(never, /no more/);

    const late = new AbortController();
    const answer = await fetch(url("/endless"), { signal: late.signal });
    const reader = answer.body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "first");
    late.abort();
    await assert.rejects(reader.read(), { name: "AbortError" });
    await until(() => seen.cutOff);

    const left = await fetch(url("/endless"));
    await left.body.cancel();
    await until(() => seen.cutOff);
    await assert.rejects(fetch(url("/echo"), { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
  }));

test("what fails inside fails outside, by its code and words and with nothing behind them", async () => {
  const cause = new Error("a cause that stays inside");
  const refuse = () =>
    Promise.reject(
      Object.assign(new Error("Not there.", { cause }), {
        code: "url_not_companion",
        next: "Look.",
      }),
    );
  const page = pair(refuse);
  const error = await page.fetch(url("/echo")).catch((thrown) => thrown);
  assert.deepEqual(
    [error.code, error.message, error.next],
    ["url_not_companion", "Not there.", "Look."],
  );
  assert.equal(error.cause, undefined);
  page[Symbol.dispose]();
  await within(async ({ fetch }) => {
    const broken = await fetch(url("/broken"));
    await assert.rejects(broken.text());
  });
});

test("a frame that goes, or stops, ends what is under way", () =>
  within(async ({ fetch, asking, serving }) => {
    const answer = await fetch(url("/endless"));
    const waiting = fetch(url("/silent")).catch((thrown) => thrown.code);
    await until(() => seen.path === "/silent");
    serving.stop();
    assert.equal(await waiting, "frame_stopped");
    await assert.rejects(answer.text(), { code: "frame_stopped" });
    seen = {};
    const next = fetch(url("/silent")).catch((thrown) => thrown.code);
    await until(() => seen.path === "/silent");
    asking.gone();
    assert.equal(await next, "frame_gone");
  }));

test("whatever a page says, the frame makes no request of it that is none, and goes on serving", async () => {
  const asked = [];
  const page = pair((input, init) => {
    asked.push(input);
    return fetch(input, init);
  });
  const leaf = fc.oneof(
    fc.anything({ withTypedArray: true }),
    fc.constantFrom("token", "fetch", "abort", "open", "pull", "chunk", "end", "fail", 1, null),
  );
  const members = fc.constantFrom(
    "type",
    "id",
    "request",
    "token",
    "view",
    "bytes",
    "error",
    "url",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(leaf, fc.dictionary(members, fc.oneof(leaf, fc.dictionary(members, leaf)))),
      async (data) => {
        try {
          page.port.postMessage(data);
        } catch {
          // Not even the browser carries it.
        }
      },
    ),
    { numRuns: 400 },
  );
  const answer = await page.fetch(url("/echo"), { method: "POST", body: "still here" });
  assert.equal(await answer.text(), "still here");
  assert.deepEqual(asked, [url("/echo")]);

  // Numbers used twice, pieces of no request, and more requests than are served at once.
  const request = { url: url("/silent"), method: "GET", headers: [], body: null };
  for (let at = 0; at < 300; at += 1)
    page.port.postMessage({ type: "fetch", id: 10_000 + at, request });
  for (const type of ["fetch", "pull", "end"]) page.port.postMessage({ type, id: 10_000, request });
  await assert.rejects(page.fetch(url("/echo")), { code: "rate_limited" });
  page.serving.stop();
  assert.equal(await (await page.fetch(url("/echo"), { method: "POST", body: "x" })).text(), "x");
  page[Symbol.dispose]();
});

test("where a browser names no ancestors, the frame speaks to listed parents only and takes one port of theirs", async () => {
  const parent = {
    said: [],
    postMessage: (message, origin) => parent.said.push([message.type, origin]),
  };
  const heard = new EventTarget();
  const given = {
    parent,
    window: {},
    origin: "https://keys.example.com",
    location: {},
    addEventListener: (...listener) => heard.addEventListener(...listener),
    removeEventListener: (...listener) => heard.removeEventListener(...listener),
  };
  const before = Object.fromEntries(Object.keys(given).map((name) => [name, globalThis[name]]));
  Object.assign(globalThis, given);
  const channels = [];
  try {
    const parents = ["https://app.example.com", "https://b.example.com"];
    const config = { companion: "https://keys.example.com", parents };
    const frame = new Frame({ config, open: () => Promise.reject(new Error("not opened here")) });
    frame.start();
    assert.deepEqual(
      parent.said,
      parents.map((origin) => ["hello", origin]),
    );
    const offer = (more) => {
      const channel = new MessageChannel();
      channels.push(channel);
      const asked = once(channel.port1, "message");
      // No token: it has nothing to wait for.
      channel.port1.on("message", ({ type, id }) => {
        if (type === "token") channel.port1.postMessage({ type, id, token: null });
      });
      const data = { keyseal: "frame", type: "connect", version: 1 };
      const event = { source: parent, origin: parents[1], data, ports: [channel.port2], ...more };
      heard.dispatchEvent(Object.assign(new Event("message"), event));
      return asked;
    };
    offer({ source: {} });
    offer({ source: null });
    for (const origin of [
      "https://evil.example.com",
      "null",
      "",
      "https://b.example.com.evil.example",
    ]) {
      offer({ origin });
    }
    offer({ ports: [] });
    offer({ data: { type: "connect" } });
    assert.equal(frame.parent, undefined);
    const [said] = await offer({});
    assert.equal(frame.parent, "https://b.example.com");
    assert.equal(said.type ?? said.data?.type, "told");
    offer({ origin: parents[0] });
    assert.equal(frame.parent, "https://b.example.com");
    await until(() => frame.state === "failed");
    assert.equal(frame.error.code, "unauthorized");
  } finally {
    for (const { port1, port2 } of channels) {
      port1.close();
      port2.close();
    }
    Object.assign(globalThis, before);
  }
});

test("the frame's configuration names a companion and exact origins, or is refused", () => {
  const good = { companion: "https://keys.example.com", parents: ["https://app.example.com"] };
  assert.deepEqual(frameConfig(good), good);
  const wrong = [
    undefined,
    {},
    { ...good, companion: "keys.example.com" },
    { ...good, companion: "javascript:alert(1)" },
    { ...good, parents: [] },
    ...[
      "*",
      "null",
      "https://app.example.com/",
      "https://*.example.com",
      "https://APP.example.com",
      7,
    ].map((origin) => ({ ...good, parents: [origin] })),
  ];
  for (const file of wrong) assert.throws(() => frameConfig(file), { code: "frame_misconfigured" });
});

async function until(is) {
  for (let tries = 0; tries < 200 && !is(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(is());
}
