// The checks that run no test: format, lints, types.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { findClang } from "./clang.mjs";
import { npmProgram, root } from "./paths.mjs";

const WASM = ["--target", "wasm32-unknown-unknown"];
const DENY = ["--quiet", "--", "-D", "warnings"];

const relay = {
  name: "Rust lints, relay for wasm",
  command: "cargo",
  args: [
    ...["clippy", "-p", "keyseal", "--lib", "--no-default-features", "--features", "relay"],
    ...WASM,
    ...DENY,
  ],
};

/** TypeScript projects that exist, in the order in which they need each other. */
const projects = ["pkg", "www", "tests/e2e"].filter((folder) =>
  existsSync(join(root, folder, "tsconfig.json")),
);

/** Asked for once the tools are there: without a clang the relay's wasm cannot be checked. */
export const checks = () => [
  { name: "Rust format", command: "cargo", args: ["fmt", "--all", "--check"] },
  {
    name: "JavaScript, TypeScript and CSS: format and lints",
    command: npmProgram("biome"),
    args: ["check", "--error-on-warnings", "."],
  },
  {
    name: "Rust lints, workspace",
    command: "cargo",
    // What is not there without a feature, the tests compile, with the same lints of rustc.
    args: ["clippy", "--workspace", "--all-targets", "--all-features", ...DENY],
  },
  {
    name: "Rust lints, library for wasm",
    command: "cargo",
    args: ["clippy", "-p", "keyseal", "--lib", ...WASM, ...DENY],
  },
  ...(findClang() ? [relay] : []),
  ...projects.map((project) => ({
    name: `types of ${project}`,
    command: npmProgram("tsc"),
    args: ["--noEmit", "-p", project],
  })),
  { name: "API reference", command: process.execPath, args: ["scripts/docs.mjs"] },
];
