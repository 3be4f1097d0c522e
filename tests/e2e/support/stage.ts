import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, test as base, chromium, type Page } from "@playwright/test";
import { Companion, freePort } from "../../support/companion.mjs";
import { recordingProxy } from "../../support/proxy.mjs";

const isRoot = process.getuid?.() === 0;

/** A real companion, a browser with a profile on disk, and between them a proxy that records. */
export class Stage {
  readonly profile = mkdtempSync(join(tmpdir(), "keyseal-profile-"));
  /** What pages wrote to the console, over all starts of the browser. */
  console = "";
  #context: BrowserContext | undefined;

  private constructor(
    readonly companion: Companion,
    readonly proxy: Awaited<ReturnType<typeof recordingProxy>>,
  ) {}

  /** `args` for the companion, beside those that it is tested with. */
  static async set(args: string[] = []): Promise<Stage> {
    const port = await freePort();
    const proxy = await recordingProxy(port);
    const companion = new Companion({ publicPort: proxy.port, port, args: ["--demo", ...args] });
    await companion.start();
    return new Stage(companion, proxy);
  }

  get context(): BrowserContext {
    if (!this.#context) throw new Error("the browser is not open");
    return this.#context;
  }

  /** Starts the browser on the profile, as somebody does who comes back another day. */
  async openBrowser(): Promise<Page> {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      executablePath: process.env.CHROME,
      chromiumSandbox: !isRoot,
      args: ["--disable-gpu", "--disable-quic", "--disable-background-networking"],
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = this.#context.pages()[0] ?? (await this.#context.newPage());
    page.on("console", (message) => {
      this.console += `${message.type()} ${message.text()}\n`;
    });
    page.on("pageerror", (error) => {
      this.console += `error ${error.stack ?? error.message}\n`;
    });
    return page;
  }

  async closeBrowser(): Promise<void> {
    await this.#context?.close();
    this.#context = undefined;
  }

  /** Opens the page by the link that the companion printed at its last start. */
  async openPage(): Promise<Page> {
    const page = await this.openBrowser();
    await page.goto(await this.companion.link());
    return page;
  }

  async strike(): Promise<void> {
    await this.closeBrowser();
    await this.companion.remove();
    await this.proxy.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

export const test = base.extend<{ stage: Stage }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
  stage: async ({}, use, { status, expectedStatus, title }) => {
    const stage = await Stage.set();
    await use(stage);
    if (status !== expectedStatus) {
      console.log(`${title}: what the companion logged\n${stage.companion.stderr.slice(-4000)}`);
      console.log(`${title}: what the page logged\n${stage.console.slice(-4000)}`);
    }
    await stage.strike();
  },
});

export { expect } from "@playwright/test";
