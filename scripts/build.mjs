// Builds the wasm module, the npm package and the page; with `--server` the companion too.
import { buildFrontend, buildServer } from "./lib/build.mjs";
import { main } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

await main(async () => {
  await prepareToolchain();
  await buildFrontend();
  if (process.argv.includes("--server")) await buildServer();
});
