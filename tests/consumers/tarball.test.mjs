// What is published is what works: the package as npm packs it, used by somebody else's project.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
let project;
let packed;

before(() => {
  project = mkdtempSync(join(tmpdir(), "keyseal-consumer-"));
  const pack = ["pack", "--workspace", "pkg", "--json", "--pack-destination", project];
  [packed] = Object.values(JSON.parse(execFileSync("npm", pack, { cwd: root, encoding: "utf8" })));
  const installed = join(project, "node_modules", "keyseal");
  mkdirSync(installed, { recursive: true });
  const tarball = join(project, packed.filename);
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
});

after(() => project && rmSync(project, { recursive: true }));

test("the tarball holds the wasm, JavaScript, types, README, and nothing that is only ours", () => {
  const files = packed.files.map(({ path }) => path);
  for (const wanted of [
    "package.json",
    "README.md",
    "dist/index.js",
    "dist/index.d.ts",
    "dist/wasm/keyseal.js",
    "dist/wasm/keyseal_bg.wasm",
  ]) {
    assert.ok(files.includes(wanted), wanted);
  }
  const ours = files.filter(
    (path) => !/^(package\.json|README\.md|LICENSE.*|dist\/.*)$/.test(path),
  );
  assert.deepEqual(ours, []);
  assert.deepEqual(
    files.filter((path) => /tsbuildinfo|gitignore|\.map$/.test(path)),
    [],
  );
});

test("a project that installed it imports it without effect, loads the wasm, and detects a key", () => {
  const script = `
    const before = Object.keys(globalThis).length;
    const { detect, init } = await import("keyseal");
    const untouched = Object.keys(globalThis).length === before;
    await init();
    const { provider } = detect("sk-ant-api03-" + "a1B2".repeat(24) + "AA");
    console.log(JSON.stringify({ untouched, provider }));
  `;
  writeFileSync(join(project, "use.js"), script);
  const output = execFileSync(process.execPath, ["use.js"], { cwd: project, encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), { untouched: true, provider: "anthropic" });
});
