// What of the elements needs no browser: importing them, and the bytes that stand behind the field.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../dist/elements/add/secret.js";
import { dayOf, until } from "../dist/elements/ui/format.js";

const text = (secret) => new TextDecoder().decode(secret.copy());

test("imported where there is no page, the elements draw nothing and break nothing", async () => {
  assert.equal(typeof document, "undefined");
  const { KeysealInput, KeysealStore } = await import("../dist/elements/index.js");
  assert.deepEqual([KeysealStore.name, KeysealInput.formAssociated], ["KeysealStore", true]);
});

test("edits behind the dots are those of the text, whatever characters it has", () => {
  const edit = fc.record({
    at: fc.nat(12),
    length: fc.nat(6),
    text: fc.string({ unit: "grapheme" }),
  });
  fc.assert(
    fc.property(fc.array(edit), (edits) => {
      const secret = new Secret();
      let plain = [];
      for (const { at, length, text: inserted } of edits) {
        const start = Math.min(at, plain.length);
        const end = Math.min(start + length, plain.length);
        secret.splice(start, end, inserted);
        plain = [...plain.slice(0, start), ...inserted, ...plain.slice(end)];
        assert.equal(secret.length, plain.length);
      }
      assert.equal(text(secret), plain.join(""));
    }),
  );
});

test("what was replaced, cut or wiped is overwritten, and copies are the caller's own", () => {
  const secret = new Secret();
  secret.splice(0, 0, "demo-secret");
  const copy = secret.copy();
  secret.splice(4, 11, "");
  assert.equal(text(secret), "demo");
  assert.equal(new TextDecoder().decode(copy), "demo-secret");
  secret.splice(4, 4, "x".repeat(9_000));
  assert.equal(secret.copy().length, 8 * 1024);
  secret.wipe();
  assert.deepEqual([secret.isEmpty, secret.length, text(secret)], [true, 0, ""]);
});

test("days and waits are said in whole numbers", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  assert.equal(until("2026-11-21T12:03:10Z", now), "4 min");
  assert.equal(until("2026-11-21T11:59:00Z", now), "1 min");
  assert.equal(until("2026-11-21T13:30:00Z", now), "2 h");
  assert.match(dayOf("2026-11-21T12:00:00Z"), /^2026-11-2[0-2]$/);
  assert.equal(dayOf("not a date"), "");
});
