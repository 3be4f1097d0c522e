// Everything that can be checked: format, lints, types, and every test there is.
// `npm test -- words` runs only the steps whose names hold one of the words; `npm run test:all` also
// what is slow or needs what not every machine has.
import { prepareBrowser, preparePostgres } from "./lib/browser.mjs";
import { buildFrontend } from "./lib/build.mjs";
import { checks } from "./lib/checks.mjs";
import { tee } from "./lib/run.mjs";
import { extras, runners } from "./lib/runners.mjs";
import { main, ok, title, warn } from "./lib/say.mjs";
import { settle } from "./lib/tally.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

const all = process.argv.includes("--all");
const words = process.argv.slice(2).filter((word) => word !== "--all");
const wanted = ({ name }) => !words.length || words.some((word) => name.includes(word));

await main(async () => {
  title("set-up");
  await prepareToolchain();
  await prepareBrowser();
  await preparePostgres();
  await buildFrontend();

  const total = { passed: 0, failed: 0 };
  const bad = [];
  for (const step of [...checks(), ...runners, ...(all ? extras() : [])].filter(wanted)) {
    title(step.name);
    const since = performance.now();
    const { passed, failed, note } = await result(step);
    const took = `${Math.round((performance.now() - since) / 1000)} s`;
    total.passed += passed;
    total.failed += failed;
    if (failed) bad.push(`${step.name}: ${note ?? `${failed} failed`}`);
    else ok(`${step.name}: ${step.tally ? `${passed} passed, ` : ""}${took}`);
  }
  for (const line of bad) warn(line);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed ? 1 : 0;
});

/** A check or build counts as one test, a runner as the tests it ran. */
async function result({ command, args, env, before, tally }) {
  try {
    before?.();
    const { code, output } = await tee(command, args, { env: { ...process.env, ...env } });
    return tally ? settle(tally(output), code) : { passed: +(code === 0), failed: +(code !== 0) };
  } catch (error) {
    return { passed: 0, failed: 1, note: error.message };
  }
}
