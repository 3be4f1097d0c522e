// Changes made while the companion is away, and what a companion says that is not the pinned one. First over one that
// answers as told, then over the real one, killed and started again.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Vault } from "../dist/index.js";
import { FakeCompanion, json, listed, problem, tokenFor, URL_OF_COMPANION } from "./companion.mjs";
import { realCompanion, tokenOf } from "./real.mjs";

const KEY = `sk-proj-${"aB3_".repeat(16)}`;

async function faked(t, keys = []) {
  const companion = await FakeCompanion.make();
  companion.keys = keys;
  companion.serve(t);
  const token = () => tokenFor("user-1");
  return { companion, vault: await Vault.open({ companion: URL_OF_COMPANION, token }) };
}

const three = () =>
  ["one", "two", "three"].map((id, priority) => listed({ id, provider: "openai", priority }));
const order = (vault) => vault.entries.map(({ id }) => id);
const pending = (vault) =>
  Object.fromEntries(vault.entries.map(({ id, pending }) => [id, pending]));
const written = (companion) =>
  companion.asked
    .filter(({ method }) => method !== "GET")
    .map(({ method, path, body }) => [method, path.split("/").at(-1), body]);

test("away: changes show at once and are marked; back: sent in their order, and marked no more", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  assert.equal((await vault.update("one", { label: "mine" })).label, "mine");
  await vault.reorder("openai", ["three", "two", "one"]);
  await vault.update("one", { isActive: false });
  await vault.revoke("two");
  assert.deepEqual(order(vault), ["three", "two", "one"]);
  assert.deepEqual(pending(vault), { one: "update", two: "revoke", three: "update" });
  assert.equal(vault.entries[1].isActive, false);
  await assert.rejects(vault.update("two", { label: "late" }), { code: "revoke_pending" });
  assert.equal(vault.problems[0].code, "companion_unreachable");

  companion.reachable = true;
  companion.asked = [];
  await vault.refresh();
  assert.deepEqual(written(companion), [
    ["PATCH", "one", { label: "mine" }],
    ["POST", "reorder", { provider: "openai", ids: ["three", "two", "one"] }],
    ["PATCH", "one", { isActive: false }],
    ["DELETE", "two", ""],
  ]);
  assert.deepEqual(pending(vault), { one: null, three: null });
  assert.deepEqual(order(vault), ["three", "one"]);
  assert.deepEqual(vault.problems, []);
});

test("the next call that is answered sends what waits, without anybody asking for it", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  await vault.update("one", { label: "mine" });
  companion.reachable = true;
  await vault.fetch(`${vault.baseURL("openai")}/models`);
  while (vault.entries.some((entry) => entry.pending)) await once(vault, "change");
  assert.equal(companion.keys[0].label, "mine");
});

test("a change in line goes before the one that is made now", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  await vault.update("one", { label: "first" });
  companion.reachable = true;
  companion.asked = [];
  await vault.update("one", { label: "second" });
  assert.deepEqual(
    written(companion).map(([, , body]) => body),
    [{ label: "first" }, { label: "second" }],
  );
});

test("revoked elsewhere meanwhile: the change is dropped, and said to be until somebody has read it", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  await vault.update("two", { label: "never" });
  await vault.update("three", { label: "kept" });
  companion.reachable = true;
  companion.keys = companion.keys.filter(({ id }) => id !== "two");
  await vault.refresh();
  const [dropped] = vault.problems;
  assert.equal(dropped.code, "change_dropped");
  assert.match(dropped.message, /sk-…abcd.*revoked meanwhile/);
  assert.deepEqual(order(vault), ["one", "three"]);
  assert.equal(companion.keys[1].label, "kept");
  await vault.refresh();
  assert.equal(vault.problems[0], dropped, "the same one, still there");
  vault.dismiss(dropped);
  assert.deepEqual(vault.problems, []);
});

test("an order wished for offline: what is gone is left out, what came since stands behind", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  await vault.reorder("openai", ["three", "two", "one"]);
  companion.reachable = true;
  companion.keys = [
    ...companion.keys.filter(({ id }) => id !== "two"),
    listed({ id: "four", provider: "openai", priority: 3 }),
  ];
  companion.instead.set("POST /api/v1/api-keys/reorder", ({ body }) =>
    body.ids.length === 3 && !body.ids.includes("two") ? undefined : problem(422, "validation"),
  );
  await vault.refresh();
  assert.deepEqual(order(vault), ["three", "one", "four"]);
  assert.deepEqual(vault.problems, []);
});

test("a refusal that passes leaves the change in line; one for good drops it", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  await vault.update("one", { label: "x".repeat(10_000) });
  companion.reachable = true;
  companion.instead.set("PATCH /api/v1/api-keys/one", () => problem(429, "rate_limited"));
  await vault.refresh();
  assert.equal(pending(vault).one, "update");
  companion.instead.set("PATCH /api/v1/api-keys/one", () => problem(422, "validation"));
  await vault.refresh();
  assert.equal(pending(vault).one, null);
  assert.equal(vault.problems[0].code, "change_dropped");
});

test("a key is not kept back for later: adding and replacing are refused, and nothing waits", async (t) => {
  const { companion, vault } = await faked(t, three());
  companion.reachable = false;
  await assert.rejects(vault.add(KEY), { code: "companion_unreachable" });
  await assert.rejects(vault.replace("one", KEY), { code: "companion_unreachable" });
  assert.ok(Object.values(pending(vault)).every((waits) => waits === null));
  assert.equal(JSON.stringify(vault.records()).includes(KEY), false);
  await vault.update("one", { label: KEY.slice(0, 8) });
  assert.ok(JSON.stringify(vault.records()).includes(KEY.slice(0, 8)), "the control");
});

test("another identity answers: its list counts for nothing, and no change is told to it", async (t) => {
  const { companion, vault } = await faked(t, three());
  const copies = () => vault.records().filter(({ name }) => name.includes(".synced."));
  const before = copies();
  companion.reachable = false;
  await vault.revoke("one");
  companion.reachable = true;
  await companion.takeOver();
  companion.keys = [listed({ id: "foreign", provider: "openai" })];
  companion.asked = [];
  await vault.refresh();
  assert.match(vault.problems[0].code, /^keyset_/);
  assert.deepEqual(order(vault), ["one", "two", "three"]);
  assert.equal(pending(vault).one, "revoke");
  assert.deepEqual(copies(), before);
  for (const change of [
    () => vault.update("two", { label: "x" }),
    () => vault.reorder("openai", ["three", "two", "one"]),
    () => vault.revoke("two"),
  ]) {
    await assert.rejects(change, { code: vault.problems[0].code });
  }
  assert.deepEqual(written(companion), []);
});

test("a list that was asked for before a change does not undo it", async (t) => {
  const { companion, vault } = await faked(t, three());
  const { promise: held, resolve: release } = deferred();
  let asked;
  const isAsked = new Promise((resolve) => {
    asked = resolve;
  });
  companion.instead.set("GET /api/v1/api-keys", async () => {
    companion.instead.delete("GET /api/v1/api-keys");
    const old = structuredClone(companion.keys);
    asked();
    await held;
    return json({ keys: old });
  });
  const refreshed = vault.refresh();
  await isAsked;
  await vault.update("one", { label: "newer" });
  release();
  await refreshed;
  assert.equal(vault.entries[0].label, "newer");
});

test("entries of both places are arranged in one step: one request, one record", async (t) => {
  const { companion, vault } = await faked(t, three());
  const { id } = await vault.add(KEY, { storage: "browser" });
  companion.asked = [];
  await vault.reorder("openai", ["three", id, "one", "two"]);
  assert.deepEqual(written(companion), [
    ["POST", "reorder", { provider: "openai", ids: ["three", "one", "two"] }],
  ]);
  assert.deepEqual(order(vault), ["three", id, "one", "two"]);
  assert.deepEqual(
    vault.entries.map(({ priority }) => priority),
    [0, 1, 2, 3],
  );
  companion.asked = [];
  await vault.reorder("openai", [id, "three", "one", "two"]);
  assert.deepEqual(written(companion), [], "the companion's own order is the same");
  assert.deepEqual(order(vault), [id, "three", "one", "two"]);

  // Another device puts the companion's entries in another order: this browser's own stays first.
  companion.keys.forEach((key, at) => {
    key.priority = at;
  });
  await vault.refresh();
  assert.deepEqual(order(vault), [id, "one", "two", "three"]);
  const last = await vault.add(KEY, { storage: "browser" });
  assert.equal(order(vault).at(-1), last.id);
  await vault.update(last.id, { priority: 0 });
  assert.equal(order(vault)[0], last.id);
});

test("the real companion, killed: what was changed meanwhile is there after it is started again", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const open = () => Vault.open({ companion: companion.url, token: () => token });
  const [here, elsewhere] = [await open(), await open()];
  const [a, b, c] = [await here.add(KEY), await here.add(KEY), await here.add(KEY)];
  await elsewhere.refresh();

  await companion.stop("SIGKILL");
  await here.update(a.id, { label: "changed here" });
  await elsewhere.update(a.id, { isActive: false });
  await elsewhere.update(b.id, { label: "too late" });
  await here.revoke(b.id);
  await here.reorder("openai", [c.id, b.id, a.id]);
  await assert.rejects(here.add(KEY), { code: "companion_unreachable" });

  await companion.start();
  await here.refresh();
  assert.deepEqual(order(here), [c.id, a.id]);
  await elsewhere.refresh();
  assert.deepEqual(order(elsewhere), [c.id, a.id]);
  const [, entry] = elsewhere.entries;
  assert.deepEqual([entry.label, entry.isActive], ["changed here", false], "each field by itself");
  assert.deepEqual(here.problems, []);
  assert.deepEqual(
    elsewhere.problems.map(({ code }) => code),
    ["change_dropped"],
    "revoke wins, and the change that it swallowed is said",
  );
});

function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
