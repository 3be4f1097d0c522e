// What was used and done, as an app reads it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Vault } from "../dist/index.js";
import { FakeCompanion, tokenFor, URL_OF_COMPANION } from "./companion.mjs";
import { realCompanion, tokenOf } from "./real.mjs";

test("usage and activity of the real companion, and the same as CSV", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const vault = await Vault.open({ companion: companion.url, token: () => token });
  const { id } = await vault.add("demo-usage-0123456789", { provider: "demo", label: "one" });
  const other = await vault.add("demo-usage-9876543210", { provider: "demo" });
  const answer = await vault.fetch(`${vault.baseURL("demo")}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "x" }] }),
  });
  await answer.text();

  const by = ["day", "provider", "model", "entry"];
  let usage;
  // Counts are written beside the answers.
  do usage = await vault.usage({ by });
  while (usage.rows.length === 0);
  assert.deepEqual(usage.by, by);
  assert.equal(usage.rows.length, 1);
  const [row] = usage.rows;
  assert.deepEqual(
    [row.provider, row.model, row.entry, row.credential, row.requests, row.estimatedCostUsd],
    ["demo", "demo", id, "entry", 1, 0],
  );
  assert.match(usage.prices, /^\S+ \d/);

  const [names, line, rest] = (await vault.usageCsv({ by })).split("\r\n");
  const cells = Object.fromEntries(names.split(",").map((name, at) => [name, line.split(",")[at]]));
  assert.deepEqual([cells.day, cells.entry, cells.requests], [row.day, id, "1"]);
  assert.equal(cells.totalTokens, String(row.totalTokens));
  assert.equal(rest, "");

  const acts = async (query) => {
    const { events } = await vault.activity(query);
    return events.map(({ action, entryId }) => [action, entryId]);
  };
  assert.deepEqual(await acts(), [
    ["usage.export", null],
    ["key.add", other.id],
    ["key.add", id],
  ]);
  assert.deepEqual(await acts({ entry: id, since: new Date(0) }), [["key.add", id]]);
  assert.deepEqual(await acts({ until: "2026-01-01T00:00:00Z" }), []);
  const { nextCursor } = await vault.activity({ limit: 1 });
  assert.deepEqual((await acts({ limit: 1, cursor: nextCursor }))[0], ["key.add", other.id]);
  assert.deepEqual(await acts({ since: "2026-01-01T00:00:00+02:00", limit: 1 }), [
    ["usage.export", null],
  ]);
});

test("an address is asked for by nothing but what belongs into it", async (t) => {
  const companion = await FakeCompanion.make();
  companion.serve(t);
  const vault = await Vault.open({ companion: URL_OF_COMPANION, token: () => tokenFor("user-1") });
  const key = "sk-proj-0123456789abcdef";
  const asked = [];
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    asked.push(String(input));
    return real(input, init);
  };
  t.after(() => {
    globalThis.fetch = real;
  });
  for (const wrong of [key, 7, null, {}, [], [key], new Date(Number.NaN)]) {
    for (const name of ["from", "to", "by"]) {
      await assert.rejects(vault.usage({ [name]: wrong }), { code: "validation" }, name);
      await assert.rejects(vault.usageCsv({ [name]: wrong }), { code: "validation" }, name);
    }
    for (const name of ["action", "entry", "cursor"]) {
      await assert.rejects(vault.activity({ [name]: wrong }), { code: "validation" }, name);
    }
  }
  await assert.rejects(vault.activity({ since: key }), { code: "validation" });
  await assert.rejects(vault.activity({ limit: key }), { code: "validation" });
  await assert.rejects(vault.usage(null));
  assert.deepEqual(asked, []);
  // Members that nobody knows are left out.
  await vault.activity({ other: key, action: "key.add" }).catch(() => undefined);
  assert.deepEqual(asked, [`${URL_OF_COMPANION}/api/v1/audit?action=key.add`]);
});

test("pages are followed to the last, in CSV with the names of the columns once", async (t) => {
  const companion = await FakeCompanion.make();
  companion.serve(t);
  const vault = await Vault.open({ companion: URL_OF_COMPANION, token: () => tokenFor("user-1") });
  const queries = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const { pathname, searchParams } = new URL(input);
    if (pathname !== "/api/v1/usage") return real(input, init);
    queries.push(Object.fromEntries(searchParams));
    const cursor = searchParams.get("cursor");
    const next = { null: "two", two: "three" }[cursor] ?? null;
    if (searchParams.get("format") === "csv") {
      const headers = next ? { "Keyseal-Next-Cursor": next } : {};
      return new Response(`day,requests\r\n${cursor},1\r\n`, { headers });
    }
    return Response.json({ rows: [{ day: cursor }], totals: { requests: 3 }, nextCursor: next });
  };
  t.after(() => {
    globalThis.fetch = real;
  });
  const usage = await vault.usage({ from: "2026-11-01", by: ["day"] });
  assert.deepEqual(
    usage.rows.map(({ day }) => day),
    [null, "two", "three"],
  );
  assert.equal("nextCursor" in usage, false);
  assert.deepEqual(queries[1], { from: "2026-11-01", by: "day", limit: "1000", cursor: "two" });
  assert.equal(
    await vault.usageCsv({ by: ["day"] }),
    "day,requests\r\nnull,1\r\ntwo,1\r\nthree,1\r\n",
  );
});
