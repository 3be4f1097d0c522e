import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { root } from "./paths.mjs";
import { digest, whenChanged } from "./stamp.mjs";

test("a step runs again only when its inputs change, its output is gone, or it failed", async (t) => {
  mkdirSync(join(root, "target"), { recursive: true });
  const folder = mkdtempSync(join(root, "target", "stamp-test-"));
  const name = `test-${process.pid}`;
  t.after(() => {
    rmSync(folder, { recursive: true });
    rmSync(join(root, "target", "stamps", name), { force: true });
  });
  const [input, output] = ["input", "output"].map((file) => relative(root, join(folder, file)));
  const write = (path, text) => writeFileSync(join(root, path), text);
  const options = { files: [input], outputs: [output] };
  const build = () => whenChanged(name, options, () => write(output, "built"));

  write(input, "one");
  assert.equal(await build(), true);
  assert.equal(await build(), false);
  write(input, "two");
  await assert.rejects(
    whenChanged(name, options, () => Promise.reject(new Error("the step fails"))),
  );
  assert.equal(await build(), true);
  rmSync(join(root, output));
  assert.equal(await build(), true);
});

test("a digest covers names, contents and plain strings", () => {
  assert.notEqual(digest(["package.json"]), digest(["Cargo.toml"]));
  assert.notEqual(digest(["package.json"], ["a", "b"]), digest(["package.json"], ["ab"]));
  assert.equal(digest(["package.json"]), digest(["package.json"]));
});
