// The SDKs that people use, in their current versions, unchanged, in a real Chromium: through the
// real companion to what stands in for the provider. Calls are counted there: SDKs try again by
// themselves, and no attempt of theirs may be lost, doubled or refused as a replay.

import { randomUUID } from "node:crypto";
import { expect, type Page } from "@playwright/test";
import { randomText } from "../support/canary.mjs";
import { ANSWER } from "../support/upstream.mjs";
import type {} from "./pages/sdks.js";
import { onStand, type Stand } from "./support/stand.js";

type Provider = "openai" | "anthropic";

const SDKS: [name: string, provider: Provider, path: string][] = [
  ["openai", "openai", "/v1/chat/completions"],
  ["@anthropic-ai/sdk", "anthropic", "/v1/messages"],
  ["@ai-sdk/openai", "openai", "/v1/chat/completions"],
  ["@ai-sdk/anthropic", "anthropic", "/v1/messages"],
];

const KEYS = {
  openai: () => `sk-proj-${randomText()}${randomText()}`,
  anthropic: () => `sk-ant-api03-${randomText()}${randomText()}${randomText().slice(0, 13)}AA`,
};

const test = onStand('import "./sdks.ts";');

/** Adds a key for a user of the test's own; what the provider is asked from then on. */
async function added(app: Page, stand: Stand, provider: Provider, storage: "synced" | "browser") {
  const key = KEYS[provider]();
  const token = await stand.users.tokenFor(randomUUID());
  const options = { companion: stand.users.companion.url, token, key, provider, storage };
  const id = await app.evaluate((options) => window.sdks.add(options), options);
  const from = stand.upstream.calls.length;
  return { id, key, calls: () => stand.upstream.calls.slice(from) };
}

for (const storage of ["synced", "browser"] as const) {
  for (const [sdk, provider, path] of SDKS) {
    test(`${sdk}, ${storage} key: whole and streamed, one call each`, async ({ app, stand }) => {
      const { key, calls } = await added(app, stand, provider, storage);
      const answers = await app.evaluate((sdk) => window.sdks.use(sdk), sdk);
      expect(answers?.plain).toBe(ANSWER);
      expect(answers?.pieces.join("")).toBe(ANSWER);
      expect(answers?.pieces.length).toBeGreaterThan(2);

      expect(calls().map((call) => call.path)).toEqual([path, path]);
      expect(calls().map((call) => call.body.stream ?? false)).toEqual([false, true]);
      for (const call of calls()) {
        expect(call.key).toBe(key);
        expect(Object.keys(call.headers).filter((name) => /^keyseal|^origin$/.test(name))).toEqual(
          [],
        );
        expect(JSON.stringify(call.headers)).not.toContain("kept-by-keyseal");
      }
    });
  }

  test(`an SDK's own retries each arrive once, ${storage} key`, async ({ app, stand }) => {
    const { key, calls } = await added(app, stand, "openai", storage);
    stand.upstream.fail(500, 503);
    expect(await app.evaluate(() => window.sdks.ask())).toBe(ANSWER);
    expect(calls().map((call) => call.key)).toEqual([key, key, key]);

    stand.upstream.fail(500);
    expect(await app.evaluate(() => window.sdks.ask(0))).toMatch(/^error 500/);
    expect(calls()).toHaveLength(4);
  });

  test(`what the companion refuses is the SDK's error, and reaches no provider, ${storage} key`, async ({
    app,
    stand,
  }) => {
    const { id, calls } = await added(app, stand, "openai", storage);
    await app.evaluate((id) => window.sdks.revoke(id), id);
    expect(await app.evaluate(() => window.sdks.ask(0))).toBe("error 409 no_credential");
    expect(calls()).toEqual([]);
  });
}

test("a stream that is broken off is not asked for again", async ({ app, stand }) => {
  const { calls } = await added(app, stand, "openai", "browser");
  expect(await app.evaluate(() => window.sdks.breakOff())).toBe("Good");
  expect(calls()).toHaveLength(1);
});
