// The documents promise by naming tests: a name that no test bears any more is a broken promise.
// A list item that begins with a link to a file of tests names, in code marks, tests in that file.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { root } from "./paths.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");

/** Tests named by a document: `{ file, name }`, the file from the project's root. */
function namedTests(text, folder) {
  const items = text.split(/\n\s*(?:\n|(?=[-*] ))/);
  return items.flatMap((item) => {
    const [, file, names] =
      /^\s*[-*] \[[^\]]+\]\(([^)#]+\.(?:rs|mjs|ts))\):(.*)$/s.exec(item) ?? [];
    if (!file) return [];
    const found = [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replace(/\s+/g, " "));
    return found.map((name) => ({ file: join(folder, file), name }));
  });
}

/** Whether a file of tests runs one of that name. */
function isTest(source, file, name) {
  if (!file.endsWith(".rs")) {
    const quoted = ['"', "`", "'"].map((quote) => `test(${quote}${name}${quote}`);
    return quoted.some((call) => source.includes(call));
  }
  const at = new RegExp(
    `((?:^[ \\t]*#\\[[^\\n]*\\n)*)^[ \\t]*(?:pub )?(?:async )?fn ${name}\\(`,
    "m",
  );
  const [, attributes] = at.exec(source) ?? [];
  if (attributes === undefined || /#\[ignore/.test(attributes)) return false;
  return /#\[(?:\w+::)?(?:wasm_bindgen_)?test\b/.test(attributes) || isListed(file, name);
}

/** Tests that run on each database stand in a list beside them. */
function isListed(file, name) {
  const list = join(root, dirname(file), "main.rs");
  const module = file.replace(/^.*\/|\.rs$/g, "");
  return existsSync(list) && readFileSync(list, "utf8").includes(`${module}::${name},`);
}

const documents = ["threat-model.md", "attacks.md"].map((name) => `docs/${name}`);

for (const document of documents) {
  test(`every test that ${document} names is there`, () => {
    const named = namedTests(read(document), dirname(document));
    assert.ok(named.length > 20, `${named.length} are too few: are they still found?`);
    const missing = named.filter(
      ({ file, name }) => !existsSync(join(root, file)) || !isTest(read(file), file, name),
    );
    assert.deepEqual(missing, []);
  });
}

test("a name that is no test is noticed", () => {
  const rust =
    '#[test]\nfn yes() {}\n#[test]\n#[ignore = "writes"]\nfn not_run() {}\nfn helper() {}\n';
  assert.equal(isTest(rust, "src/x.rs", "yes"), true);
  for (const name of ["not_run", "helper", "ye", "gone"]) {
    assert.equal(isTest(rust, "src/x.rs", name), false, name);
  }
  const page = "- [x](../a/b.mjs): `one`, `two\n  lines`\n- `not of a file`\n\ntext `neither`";
  assert.deepEqual(namedTests(page, "docs"), [
    { file: "a/b.mjs", name: "one" },
    { file: "a/b.mjs", name: "two lines" },
  ]);
});

test("links between the documents and into the tree lead somewhere", () => {
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const broken = pages.flatMap((page) => {
    const links = [...read(`docs/${page}`).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)];
    const local = links.map(([, to]) => to).filter((to) => !/^[a-z]+:/.test(to));
    return local
      .filter((to) => !existsSync(join(root, "docs", to)))
      .map((to) => `${page}: ${relative(".", to)}`);
  });
  assert.deepEqual(broken, []);
});

test("docs/operations.md has a row for every setting that the companion reads, and no other", () => {
  const source = read("server/src/config/file.rs");
  const structs = [...source.matchAll(/^pub struct (\w+) \{\n(.*?)^\}/gms)];
  const own = new Set(structs.map(([, name]) => name));
  const settings = structs.flatMap(([, , body]) =>
    [...body.matchAll(/^ {4}pub (\w+): (?:\w+<\w+, )?(\w+)/gm)]
      .filter(([, name, type]) => !own.has(type) && name !== "by_name")
      .map(([, name]) => name),
  );
  const [, table] = /## Configuration\n.*?\n\|---[^\n]*\n(.*?)\n\n/s.exec(
    read("docs/operations.md"),
  );
  const rows = [...table.matchAll(/^\| `(?:<name>\.)?(\w+)` \|/gm)].map(([, name]) => name);
  assert.ok(rows.length > 20, "the table is found");
  assert.deepEqual(rows.sort(), settings.filter((name) => name !== "providers").sort());
});

/** Public functions of a Rust source whose documentation has no example. */
function withoutExample(source) {
  const documented = /((?:^ *(?:\/\/\/|#\[).*\n)*)^ *pub (?:const )?(?:async )?fn (\w+)/gm;
  return [...source.matchAll(documented)]
    .filter(([, before]) => !before.includes("```"))
    .map(([, , name]) => name);
}

test("every public function of envelope, catalogue and vault has an example, which cargo runs", () => {
  const files = ["envelope", "catalogue", "vault"].flatMap((folder) =>
    readdirSync(join(root, "src", folder), { recursive: true })
      // A crate of its own, which nobody outside uses.
      .filter((name) => name.endsWith(".rs") && !name.startsWith("primitives"))
      .map((name) => join("src", folder, name)),
  );
  assert.ok(files.length > 20, "the sources are found");
  const missing = files.flatMap((file) =>
    withoutExample(read(file)).map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(missing, []);
  const text =
    "/// Says.\n/// ```\n/// ```\n#[must_use]\npub fn one() {}\n\n    /// No.\n    pub fn two(&self) {}\n";
  assert.deepEqual(withoutExample(text), ["two"]);
});

test("the apps that docs/integration.md shows are those that the tests build", () => {
  const shown = [
    ...read("docs/integration.md").matchAll(/^```jsx?\n\/\/ (tests\/consumers\/\S+)\n(.*?)^```/gms),
  ];
  assert.ok(shown.length >= 5, "they are found");
  for (const [, path, text] of shown) assert.equal(text, read(path), path);
});
