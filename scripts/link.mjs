// Another link to the page that `npm start` serves: each works once, for ten minutes.
import { existsSync } from "node:fs";
import { PORT, program, settings } from "./lib/companion.mjs";
import { run } from "./lib/run.mjs";
import { main, Plain } from "./lib/say.mjs";

await main(async () => {
  const port = Number(process.argv[2] ?? PORT);
  if (!Number.isInteger(port)) throw new Plain("npm run link [port]: the port that npm start said");
  if (!existsSync(program)) throw new Plain("nothing is built yet: `npm start` does it");
  await run(program, ["token"], { env: settings(port) });
});
