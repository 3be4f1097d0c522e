// The browser that the set-up found, one for each worker.

import { test as base } from "@playwright/test";
import { launch } from "../../support/chromium.mjs";

export const test = base.extend({
  browser: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => {
      const browser = await launch();
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],
});
