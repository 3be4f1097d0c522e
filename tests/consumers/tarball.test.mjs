// What is published is what works: the package as npm packs it, used by somebody else's project.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findClang } from "../../scripts/lib/clang.mjs";
import { packInto, root } from "./support/pack.mjs";

let project;
let packed;
let installed;

before(() => {
  project = mkdtempSync(join(tmpdir(), "keyseal-tarball-"));
  packed = packInto(project);
  installed = join(project, "node_modules", "keyseal");
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
});

after(() => project && rmSync(project, { recursive: true }));

const read = (path) => readFileSync(join(installed, path), "utf8");
const manifest = () => JSON.parse(read("package.json"));

/** Runs a script in the project; what it prints as JSON. */
function run(script) {
  writeFileSync(join(project, "use.js"), script);
  return JSON.parse(execFileSync(process.execPath, ["use.js"], { cwd: project, encoding: "utf8" }));
}

test("the tarball holds the wasm, JavaScript, types, README, licences, and nothing that is only ours", () => {
  // What the wasm has beside it lies in a folder named after the crate and a hash of its version.
  const files = packed.files.map(({ path }) =>
    path.replace(/(snippets\/keyseal)-[0-9a-f]{16}/, "$1"),
  );
  const outside = files.filter((path) => !path.startsWith("dist/"));
  assert.deepEqual(outside.sort(), ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"]);
  const folders = [...new Set(files.map((path) => path.replace(/[^/]*$/, "")))].sort();
  assert.deepEqual(folders, [
    "",
    "dist/",
    ...folders.filter((path) => path.startsWith("dist/elements/")),
    "dist/frame/",
    "dist/loader/",
    "dist/oauth/",
    "dist/relay-wasm/",
    "dist/relay/",
    "dist/server/",
    "dist/vault/",
    "dist/wasm/",
    "dist/wasm/snippets/keyseal/src/wasm/",
  ]);
  const wasm = files.filter((path) => /^dist\/(relay-)?wasm\//.test(path)).sort();
  // Where it cannot be built something stands in for the relay's, without hash and further types.
  const relay = (ending) => findClang() && `dist/relay-wasm/keyseal_relay_bg.wasm.${ending}`;
  assert.deepEqual(
    wasm,
    [
      "dist/relay-wasm/keyseal_relay.d.ts",
      "dist/relay-wasm/keyseal_relay.js",
      "dist/relay-wasm/keyseal_relay_bg.wasm",
      relay("d.ts"),
      relay("sha256"),
      "dist/wasm/keyseal.d.ts",
      "dist/wasm/keyseal.js",
      "dist/wasm/keyseal_bg.wasm",
      "dist/wasm/keyseal_bg.wasm.d.ts",
      "dist/wasm/keyseal_bg.wasm.sha256",
      "dist/wasm/snippets/keyseal/src/wasm/platform.js",
    ].filter(Boolean),
  );
  const others = files.filter((path) => path.startsWith("dist/") && !wasm.includes(path));
  assert.deepEqual(
    others.filter((path) => !/\.(js|d\.ts)$/.test(path)),
    [],
  );
});

test("what is built has a source: nothing is left over from an older build", () => {
  const sources = packed.files
    .map(({ path }) => /^dist\/(.*)\.js$/.exec(path)?.[1])
    .filter((name) => name && !/^(?:relay-)?wasm\//.test(name) && name !== "inline")
    .filter((name) => !existsSync(join(root, "pkg/src", `${name}.ts`)));
  assert.deepEqual(sources, []);
});

test("every export leads to files of the package: types, Node, everything else", () => {
  const { exports } = manifest();
  assert.deepEqual(Object.keys(exports), [
    ".",
    "./inline",
    "./elements",
    "./elements/store",
    "./elements/ui",
    "./frame",
    "./oauth",
    "./relay",
    "./server",
    "./keyseal.wasm",
    "./relay.wasm",
    "./relay-worker.js",
    "./package.json",
  ]);
  for (const [name, entry] of Object.entries(exports)) {
    if (typeof entry === "string") continue;
    assert.deepEqual(Object.keys(entry), ["types", "node", "default"], name);
    for (const path of Object.values(entry)) {
      assert.ok(existsSync(join(installed, path)), `${name}: ${path}`);
    }
  }
});

test("it is published with provenance, needs others' code only for its elements, and runs no script when installed", () => {
  const { publishConfig, dependencies, peerDependencies, scripts, sideEffects } = manifest();
  assert.deepEqual(publishConfig, { access: "public", provenance: true });
  const others = Object.keys(dependencies);
  const sources = packed.files
    .map(({ path }) => path)
    .filter((path) => path.endsWith(".js"))
    .map((path) => ({ path, text: read(path) }));
  for (const name of others) {
    const importing = sources.filter(({ text }) => text.includes(`"${name}`));
    assert.ok(importing.length > 0, `${name} is used`);
    for (const { path } of importing) assert.match(path, /^dist\/elements\//, name);
  }
  // What a built app was tested with is what it would get.
  const { devDependencies } = JSON.parse(
    readFileSync(join(root, "tests/consumers/package.json"), "utf8"),
  );
  for (const name of others) assert.ok(name in devDependencies, name);
  assert.equal(peerDependencies, undefined);
  // Only the elements do something when they are imported: they register themselves.
  assert.deepEqual(sideEffects, ["./dist/elements/**/*.js"]);
  const hooks = Object.keys(scripts).filter((name) => /install|prepare/.test(name));
  assert.deepEqual(hooks, []);
});

test("the wasm is the one whose hash stands beside it, and names no folder of who built it", () => {
  for (const path of ["wasm/keyseal", ...(findClang() ? ["relay-wasm/keyseal_relay"] : [])]) {
    const wasm = readFileSync(join(installed, `dist/${path}_bg.wasm`));
    const [hash] = read(`dist/${path}_bg.wasm.sha256`).split(" ");
    assert.equal(createHash("sha256").update(wasm).digest("hex"), hash);
    const text = wasm.toString("latin1");
    assert.ok(text.includes("crates/"), "panics name source files: there is something to look at");
    assert.deepEqual(text.match(/\/(?:root|home|Users)\/[\w./-]*/g), null);
    assert.ok(!text.includes(root));
  }
});

test("the licences are those of the project", () => {
  for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) {
    assert.equal(read(name), readFileSync(join(root, name), "utf8"));
  }
});

for (const name of ["keyseal", "keyseal/inline"]) {
  test(`a project that installed ${name} imports it without effect, loads the wasm, and detects a key`, () => {
    const found = run(`
      const before = Object.keys(globalThis).length;
      const reads = [];
      for (const name of ["fetch", "atob"]) {
        const real = globalThis[name];
        globalThis[name] = (...all) => (reads.push(name), real(...all));
      }
      const { detect, init } = await import("${name}");
      const untouched = Object.keys(globalThis).length === before && reads.length === 0;
      await init();
      const { provider } = detect("sk-ant-api03-" + "a1B2".repeat(24) + "AA");
      console.log(JSON.stringify({ untouched, provider }));
    `);
    assert.deepEqual(found, { untouched: true, provider: "anthropic" });
  });
}

test("keyseal/inline is keyseal: the same names, and not a file beside it is needed", () => {
  const names = run(`
    const [one, other] = await Promise.all([import("keyseal"), import("keyseal/inline")]);
    console.log(JSON.stringify([Object.keys(one).sort(), Object.keys(other).sort()]));
  `);
  assert.deepEqual(names[1], names[0]);
  const source = read("dist/inline.js");
  assert.doesNotMatch(source, /import\.meta|\bimport\(|^import /m);
});

test("what comes before init() says what to do", () => {
  const error = run(`
    import { sealKey } from "keyseal";
    try {
      sealKey("demo-key", {});
    } catch ({ name, code, next }) {
      console.log(JSON.stringify({ name, code, next }));
    }
  `);
  assert.equal(error.name, "KeysealError");
  assert.equal(error.code, "not_initialised");
  assert.match(error.next, /init\(\)/);
});
