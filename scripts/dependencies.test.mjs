import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./lib/paths.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");

test("docs/dependencies.md has a reason for every dependency, and for nothing else", () => {
  const used = new Set([
    ...["Cargo.toml", "src/envelope/primitives/Cargo.toml", "server/Cargo.toml"].flatMap(crates),
    ...[
      "package.json",
      "pkg",
      "www",
      "tests/e2e",
      "tests/consumers",
      "tests/sdks",
      "bench",
    ].flatMap(packages),
  ]);
  const named = new Set(
    [...read("docs/dependencies.md").matchAll(/^\| (`.*?) \|/gm)].flatMap(
      ([, cell]) =>
        [...cell.matchAll(/`([^`]+)`/g)]
          .map(([, name]) => name)
          .filter((name) => !name.startsWith("=")), // a pinned version
    ),
  );
  assert.deepEqual(
    [...used].filter((name) => !named.has(name)),
    [],
    "used, but not in docs/dependencies.md",
  );
  assert.deepEqual(
    [...named].filter((name) => !used.has(name)),
    [],
    "in docs/dependencies.md, but not used",
  );
});

function crates(path) {
  const sections = read(path).split(/^(?=\[)/m);
  return sections
    .filter((section) => /^\[.*dependencies\]/.test(section))
    .flatMap((section) => [...section.matchAll(/^([\w-]+) *= */gm)].map(([, name]) => name))
    .filter((name) => !name.startsWith("keyseal"));
}

function packages(path) {
  const file = path.endsWith(".json") ? path : `${path}/package.json`;
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(file));
  return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
    (name) => name !== "keyseal" && !name.startsWith("@types/"),
  );
}
