// The fast round before a commit: format, lints, types and unit tests. `npm test` runs the rest.
import { buildPackage, buildWasm } from "./lib/build.mjs";
import { checks } from "./lib/checks.mjs";
import { run } from "./lib/run.mjs";
import { unit } from "./lib/runners.mjs";
import { main, ok } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

await main(async () => {
  await prepareToolchain();
  // The types of the package come out of the wasm build.
  await buildWasm();
  await buildPackage();
  for (const { name, command, args } of [...checks(), unit]) {
    await run(command, args);
    ok(name);
  }
});
