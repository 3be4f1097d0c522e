// `keyseal/server`: addresses and headers for back ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { init, providers } from "../dist/index.js";
import { BASE_PATHS } from "../dist/server/base-paths.js";
import { companionOptions } from "../dist/server/index.js";

const companion = "https://keys.example.com/byok/";
const options = (more) => companionOptions({ companion, token: "the-token", ...more });

test("its base paths are the catalogue's", async () => {
  await init();
  const catalogue = providers().map(({ id, basePath }) => [id, basePath]);
  assert.deepEqual({ ...BASE_PATHS }, { ...Object.fromEntries(catalogue), demo: "/v1" });
});

test("a synced key needs an address and the user's token", () => {
  assert.deepEqual(options({ provider: "openai" }), {
    baseURL: "https://keys.example.com/byok/forward/openai/v1",
    apiKey: "the-token",
  });
  assert.match(options({ provider: "anthropic" }).baseURL, /\/forward\/anthropic$/);
  const aiSdk = options({ provider: "anthropic", flavour: "ai-sdk" });
  assert.match(aiSdk.baseURL, /\/forward\/anthropic\/v1$/);
});

test("of an envelope only the sealed parts are passed on, where each SDK takes headers", () => {
  const envelope = { Authorization: "Bearer x", "Keyseal-Session": "s", "Keyseal-Key": "k" };
  const sealed = { "Keyseal-Session": "s", "Keyseal-Key": "k" };
  assert.deepEqual(options({ provider: "openai", envelope }).defaultHeaders, sealed);
  const aiSdk = options({ provider: "openai", envelope, flavour: "ai-sdk" });
  assert.deepEqual(aiSdk.headers, sealed);
});

test("an unknown provider or flavour is refused", () => {
  assert.throws(() => options({ provider: "nobody" }), { code: "provider_unknown" });
  assert.throws(() => options({ provider: "toString" }), { code: "provider_unknown" });
  assert.throws(() => options({ provider: "openai", flavour: "x" }), { code: "validation" });
  assert.throws(() => companionOptions({ companion: "ftp://x", provider: "openai" }), {
    code: "validation",
  });
});
