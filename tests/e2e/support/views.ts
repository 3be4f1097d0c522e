import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Page } from "@playwright/test";
import { build } from "esbuild";
import { freePort } from "../../support/companion.mjs";
import { serveFolder } from "../../support/static.mjs";
import { companionForUsers } from "../../support/users.mjs";
import type {} from "../pages/views.js";
import { test as base } from "./browser.js";

const wasm = fileURLToPath(new URL("../../../pkg/dist/wasm/keyseal_bg.wasm", import.meta.url));

/** What the README asks a page for: no inline styles, and Trusted Types. */
const policy = (companion: string) =>
  [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    `connect-src 'self' ${companion}`,
    "trusted-types lit-html keyseal",
    "require-trusted-types-for 'script'",
    "report-uri /reports",
  ].join("; ");

/** An app in another origin than its companion, under the strict policy, in parts that are loaded when needed. */
class Ground {
  private constructor(
    readonly users: Awaited<ReturnType<typeof companionForUsers>>,
    readonly served: Awaited<ReturnType<typeof serveFolder>>,
    readonly url: string,
    readonly folder: string,
  ) {}

  static async lay(): Promise<Ground> {
    const folder = mkdtempSync(join(tmpdir(), "keyseal-views-"));
    const [port, companionPort] = [await freePort(), await freePort()];
    // Passkeys are bound to names, not to addresses.
    const url = `http://localhost:${port}`;
    cpSync(wasm, join(folder, "wasm/keyseal_bg.wasm"));
    await build({
      entryPoints: [fileURLToPath(new URL("../pages/views.ts", import.meta.url))],
      outdir: join(folder, "app"),
      bundle: true,
      splitting: true,
      minifyWhitespace: true,
      format: "esm",
      logLevel: "error",
    });
    const page =
      '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>views</title>' +
      '<link rel="stylesheet" href="page.css"><script type="module" src="views.js"></script></html>';
    writeFileSync(join(folder, "app/index.html"), page);
    const css =
      ":root { color-scheme: light dark; } body { margin: 0; background: light-dark(#f6f6f8, #0e0f12); }" +
      " main { max-width: 60rem; margin: auto; padding: 1.5rem; }";
    writeFileSync(join(folder, "app/page.css"), css);
    const users = await companionForUsers({
      port: companionPort,
      env: { KEYSEAL__CORS__ORIGINS: url },
    });
    const headers = { "content-security-policy": policy(users.companion.url) };
    return new Ground(users, await serveFolder(folder, port, headers), url, folder);
  }

  async clear(): Promise<void> {
    await this.served.close();
    await this.users.companion.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One person's page. */
export class Views {
  constructor(
    readonly ground: Ground,
    readonly page: Page,
    readonly sub: string = randomUUID(),
  ) {}

  /** Loads the page, and opens the person's vault there. */
  async open(): Promise<void> {
    await this.page.goto(`${this.ground.url}/app/index.html`);
    const given = [this.ground.users.companion.url, await this.ground.users.tokenFor(this.sub)];
    await this.page.evaluate(
      ([companion = "", token = ""]) => window.views.open(companion, token),
      given,
    );
  }

  show(view: "usage" | "security" | "activity"): Promise<void> {
    return this.page.evaluate((tag) => window.views.show(tag), `keyseal-${view}`);
  }

  /** Adds a key of the demo provider, and gives its id. */
  add(key: string, more: object = {}): Promise<string> {
    return this.page.evaluate(
      async ({ key, more }) => {
        const options = { provider: "demo", ...more };
        return (await window.views.vault?.add(key, options))?.id ?? "";
      },
      { key, more },
    );
  }

  /** Uses a key for one short answer. */
  chat(entry: string): Promise<string> {
    return this.page.evaluate(async (entry) => {
      const { vault } = window.views;
      const answer = await vault?.fetch(`${vault.baseURL("demo")}/chat/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Keyseal-Entry": entry },
        body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] }),
      });
      return (await answer?.text()) ?? "";
    }, entry);
  }

  /** Nothing on the page broke its policy. */
  keptPolicy(): void {
    expect(this.ground.served.reports).toEqual([]);
  }
}

export const test = base.extend<{ views: Views }, { ground: Ground }>({
  ground: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
    async ({}, use) => {
      const ground = await Ground.lay();
      await use(ground);
      await ground.clear();
    },
    { scope: "worker" },
  ],
  views: async ({ page, ground }, use) => {
    const views = new Views(ground, page);
    await views.open();
    await use(views);
    views.keptPolicy();
  },
});

export { expect };
