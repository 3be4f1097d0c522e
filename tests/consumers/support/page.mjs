// What the tests of built apps share: people with keys, and a browser in which an app's page works
// under an input and shows what it made of it.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { demoKey, randomText } from "../../support/canary.mjs";
import { root } from "./pack.mjs";

/** Where the companion's configuration has a provider, and nothing listens. */
const NOBODY = "localhost:9";
export const config = `[providers.openai]\norigin = "https://${NOBODY}"\nallow_private = true\n`;

const relayWasm = join(root, "pkg/dist/relay-wasm/keyseal_relay_bg.wasm");
/** In a worker of its own, all the way to the companion; where there was no clang, it says that it is missing. */
const byRelay = () =>
  statSync(relayWasm).size > 0 ? ["upstream_unreachable", 1] : ["relay_missing", 0];

/** A person with two keys; what an app is given, and what must come of it. */
export async function somebody({ companion, tokenFor }, name) {
  const keys = [demoKey().key, demoKey().key];
  const relayed = { key: `sk-proj-${randomText()}${randomText()}`, host: NOBODY };
  return {
    input: { companion: companion.url, token: await tokenFor(name), keys, relayed },
    check(result) {
      if ("relayed" in result) {
        assert.deepEqual([result.relayed, result.workers], byRelay());
      }
      assert.deepEqual(result.statuses, ["valid", "valid"], JSON.stringify(result));
      assert.deepEqual(
        result.answers,
        keys.map((key) => key.slice(-4)),
      );
      assert.equal(result.stored, 201);
      for (const [at, hint] of result.hints.entries()) {
        assert.ok(hint.endsWith(keys[at].slice(-4)) && hint.length < 14, hint);
      }
    },
  };
}

/** Opens a page of an app under an input of its own; what it made of it. */
export async function opened(browser, url, input) {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  try {
    await page.goto(`${url}#${encodeURIComponent(JSON.stringify(input))}`);
    await page.waitForFunction(() => document.body?.textContent.startsWith("{"));
    return { workers: page.workers().length, ...JSON.parse(await page.textContent("body")) };
  } catch (error) {
    throw new Error(`${error.message}\n${said.join("\n")}`);
  } finally {
    await page.close();
  }
}
