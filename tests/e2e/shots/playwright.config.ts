import { defineConfig } from "@playwright/test";

/** `npm run screenshots`: pictures for the README, of the real page with keys in it. */
export default defineConfig({
  testDir: ".",
  testMatch: "*.shots.ts",
  outputDir: "../results/shots",
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: "list",
});
