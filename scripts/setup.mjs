// Prepares a fresh clone: everything that building, starting and testing need.
import { prepareBrowser, preparePostgres } from "./lib/browser.mjs";
import { main } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

await main(async () => {
  await prepareToolchain();
  await prepareBrowser();
  await preparePostgres();
});
