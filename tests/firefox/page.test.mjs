// The page in Firefox: a key is pasted, sealed, tested and used there as in Chromium. `npm run test:all` asks for it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findFirefox } from "../../scripts/lib/browser.mjs";
import { demoKey } from "../support/canary.mjs";
import { Companion } from "../support/companion.mjs";
import { Firefox } from "./webdriver.mjs";

const companion = new Companion();
let browser;

before(async () => {
  await companion.start();
  browser = await Firefox.start(findFirefox());
});

after(async () => {
  await browser?.stop();
  await companion.remove();
});

/** As people have it in their clipboard: copied from another field. */
async function copy(text) {
  await browser.run(
    `const field = document.body.appendChild(document.createElement("textarea"));
     field.value = arguments[0]; field.focus(); field.select();`,
    text,
  );
  await browser.type("c", { control: true });
  await browser.run(`document.querySelector("textarea").remove()`);
}

const field = () =>
  browser.find("input#key").then((it) => browser.run("return arguments[0].value", it));

test("a key is pasted into dots, sealed, tested and used; every view opens", async () => {
  const { key } = demoKey();
  await browser.open(await companion.link());
  await browser.find("h1", "Secure Store");

  await copy(key);
  await browser.click("button", "Add a key");
  await browser.click("input#key");
  await browser.type("v", { control: true });
  await browser.find("*", "Looks like a Demo key");
  assert.equal(await field(), "•".repeat(key.length));
  // Typed letters are dots as well, and go again.
  await browser.type("Z");
  assert.equal(await field(), "•".repeat(key.length + 1));
  await browser.type("\uE003");
  assert.equal(await field(), "•".repeat(key.length));

  await browser.click("label", "Only in this browser");
  await browser.click("button", "Seal and store");
  await browser.find("[role=status]", "accepts this key");
  await browser.click("button", "Done");
  await browser.find("[role=group]", `…${key.slice(-4)}`);

  await browser.click("a", "Playground");
  await browser.click("textarea");
  await browser.type("Hello from Firefox");
  await browser.click("button", "Send");
  await browser.find("article", key.slice(-4));

  for (const view of ["Usage", "Security", "Activity"]) {
    await browser.click("nav a", view);
    await browser.find("h1", view);
  }
});
