import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findIn, findInFolder, randomText } from "./canary.mjs";

test("a text is found in every encoding, at every offset", () => {
  const text = randomText();
  for (const before of ["", "x", "xx", "xxx", '{"v":1,"key":"demo-']) {
    const around = `${before}${text}","provider":"demo"}`;
    const bytes = Buffer.from(around);
    assert.ok(findIn(bytes, text).includes("utf-8"));
    for (const encoding of ["base64", "base64url", "hex", "utf16le"]) {
      const hidden =
        encoding === "utf16le" ? Buffer.from(around, "utf16le") : bytes.toString(encoding);
      assert.notDeepEqual(findIn(hidden, text), [], `${encoding} after ${before.length} bytes`);
    }
  }
});

test("another text is not found", () => {
  assert.deepEqual(findIn(randomText().repeat(100), randomText()), []);
});

test("files are searched however deep they lie, and named", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "keyseal-canary-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = randomText();
  mkdirSync(join(folder, "a", "b"), { recursive: true });
  writeFileSync(
    join(folder, "a", "b", "c"),
    Buffer.from(`before ${text} after`).toString("base64"),
  );
  assert.equal(findInFolder(folder, text).length, 1);
  assert.deepEqual(findInFolder(folder, randomText()), []);
});
