// Under the Content-Security-Policy that the README asks for, with Trusted Types required, the
// package works in a page and violates nothing.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "../support/chromium.mjs";
import { freePort } from "../support/companion.mjs";
import { serveFolder } from "../support/static.mjs";
import { companionForUsers } from "../support/users.mjs";
import { packInto, root } from "./support/pack.mjs";
import { opened, somebody } from "./support/page.mjs";

const folder = mkdtempSync(join(tmpdir(), "keyseal-csp-"));
let port;
let users;
let browser;

before(async () => {
  packInto(folder);
  cpSync(join(folder, "node_modules/keyseal"), join(folder, "keyseal"), { recursive: true });
  cpSync(join(root, "tests/consumers/script-tag"), folder, { recursive: true });
  cpSync(join(root, "tests/consumers/shared/use.js"), join(folder, "use.js"));
  port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  users = await companionForUsers({ env: { KEYSEAL__CORS__ORIGINS: origin } });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await users?.companion.remove();
  rmSync(folder, { recursive: true, force: true });
});

const policy = (connect) =>
  [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    `connect-src ${connect}`,
    "trusted-types lit-html keyseal",
    "require-trusted-types-for 'script'",
    "report-uri /reports",
  ].join("; ");

/** Serves the app under a policy for as long as the visit takes. */
async function under(content, visit) {
  const served = await serveFolder(folder, port, { "content-security-policy": content });
  try {
    await visit(served);
  } finally {
    await served.close();
  }
}

/** Breaks the policy on purpose and waits for that report; those that were there before it. */
async function others({ url, reports }) {
  const control = `${url}/control.html`;
  const page = await browser.newPage();
  await page.goto(control);
  assert.equal(await page.title(), "What the policy forbids");
  const isControl = (report) => report["csp-report"]["document-uri"] === control;
  for (let tries = 0; !reports.some(isControl); tries += 1) {
    assert.ok(tries < 200, "a violation is reported");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await page.close();
  return reports.filter((report) => !isControl(report));
}

test("under the policy of the README everything works and nothing is violated", () =>
  under(policy(`'self' ${users.companion.url}`), async (served) => {
    const { input, check } = await somebody(users, "csp");
    check(await opened(browser, `${served.url}/index.html`, input));
    assert.deepEqual(await others(served), []);
  }));

test("keyseal/inline fetches nothing of its own: connect-src may name the companion alone", () =>
  under(policy(users.companion.url), async (served) => {
    const { input, check } = await somebody(users, "csp-inline");
    check(await opened(browser, `${served.url}/inline.html`, input));
    assert.deepEqual(await others(served), []);
  }));

test("a policy that keeps the wasm away is named, with the way out", async () => {
  const blocked = policy(`'self' ${users.companion.url}`).replace(" 'wasm-unsafe-eval'", "");
  for (const [content, code, next] of [
    [policy(users.companion.url), "wasm_not_found", /keyseal\/inline/],
    [blocked, "wasm_blocked", /'wasm-unsafe-eval'/],
  ]) {
    await under(content, async (served) => {
      const { input } = await somebody(users, "csp-blocked");
      const { error } = await opened(browser, `${served.url}/index.html`, input);
      assert.equal(error.code, code);
      assert.match(error.next, next);
      assert.notDeepEqual(await others(served), []);
    });
  }
});
