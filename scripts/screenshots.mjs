// `npm run screenshots`: the pictures in docs/images, of the page as it is built now.
import { prepareBrowser } from "./lib/browser.mjs";
import { buildFrontend } from "./lib/build.mjs";
import { built, npmProgram } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { main } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

await main(async () => {
  await prepareToolchain();
  await buildFrontend();
  await run("cargo", ["build", "-p", "keyseal-server"]);
  await prepareBrowser();
  await run(process.execPath, [npmProgram("playwright"), "test", "--config", "tests/e2e/shots"], {
    env: { ...process.env, KEYSEAL_SERVER: built("dev", "keyseal-server") },
  });
});
