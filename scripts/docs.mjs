// The API reference of the npm package and of the Rust library, out of the comments in their sources,
// into docs/api. A warning is an error: what is public and not documented, or a link that leads nowhere.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildPackage, buildWasm } from "./lib/build.mjs";
import { npmProgram, root, target } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { main, ok } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

const out = join(root, "docs", "api");

await main(async () => {
  // The types of the package come out of the wasm build.
  await prepareToolchain();
  await buildWasm();
  await buildPackage();
  rmSync(out, { recursive: true, force: true });
  const typedoc = ["--options", "pkg/typedoc.json", "--logLevel", "Warn"];
  await run(process.execPath, [npmProgram("typedoc"), ...typedoc]);
  const rustdoc = ["doc", "-p", "keyseal", "--features", "companion", "--no-deps", "--quiet"];
  await run("cargo", rustdoc, { env: { ...process.env, RUSTDOCFLAGS: "-D warnings" } });
  cpSync(join(target, "doc"), join(out, "rust"), { recursive: true });
  ok(`API reference: ${out}`);
});
