import { chromium } from "@playwright/test";

/** Starts the browser that the set-up found. Its sandbox does not work for root. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROME,
    chromiumSandbox: process.getuid?.() !== 0,
  });
