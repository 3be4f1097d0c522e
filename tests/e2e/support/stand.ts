import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { build } from "esbuild";
import { freePort } from "../../support/companion.mjs";
import { serveFolder } from "../../support/static.mjs";
import { makeCertificates } from "../../support/tls.mjs";
import { startUpstream } from "../../support/upstream.mjs";
import { companionForUsers } from "../../support/users.mjs";
import { test as base } from "./browser.js";

const dist = fileURLToPath(new URL("../../../pkg/dist", import.meta.url));

/** What an app's page and companion are like. */
export interface Set {
  env?: Record<string, string>;
  /** The providers speak TLS under a root of the tests' own. */
  tls?: boolean;
}

/**
 * An app of somebody else: its page, bundled and served; a companion for its users; and what stands
 * in for OpenAI and Anthropic, which keeps what it was asked.
 */
export class Stand {
  private constructor(
    readonly url: string,
    readonly users: Awaited<ReturnType<typeof companionForUsers>>,
    readonly upstream: Awaited<ReturnType<typeof startUpstream>>,
    /** The root that the providers' certificates are under, in base64; empty without TLS. */
    readonly root: string,
    /** Headers that the page is served with; a test may change them. */
    readonly headers: Record<string, string>,
    private readonly close: () => Promise<void>,
  ) {}

  /** `entry` is the page's script, a path beside the tests or its text. */
  static async set(entry: string, { env = {}, tls }: Set = {}): Promise<Stand> {
    const folder = mkdtempSync(join(tmpdir(), "keyseal-stand-"));
    const port = await freePort();
    const headers: Record<string, string> = {};
    const page = await served(folder, port, entry, headers);
    const certificates = tls ? makeCertificates() : undefined;
    const upstream = await startUpstream(certificates);
    const ca = certificates ? `ca_file = "${certificates.rootFile}"\n` : "";
    const config = join(folder, "keyseal.toml");
    const origins = ["openai", "anthropic"].map(
      (id) => `[providers.${id}]\norigin = "${upstream.url}"\nallow_private = true\n${ca}`,
    );
    writeFileSync(config, origins.join("\n"), { mode: 0o600 });
    const users = await companionForUsers({
      args: ["--demo", "--config", config],
      env: { KEYSEAL__CORS__ORIGINS: page.url, KEYSEAL__PAGE_DIR: folder, ...env },
    });
    const root = certificates?.rootDer.toString("base64") ?? "";
    return new Stand(`${page.url}/app/`, users, upstream, root, headers, async () => {
      await users.companion.remove();
      await upstream.close();
      await page.close();
      certificates?.remove();
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** Opens the app, until its script has run; with `served`, as a page that the companion serves itself. */
  async visit(page: Page, served?: "by the companion"): Promise<void> {
    await page.goto(`${served ? `${this.users.companion.url}/app/` : this.url}index.html`);
    await page.waitForFunction(() => document.title === "ready");
  }

  async strike(): Promise<void> {
    await this.close();
  }
}

async function served(
  folder: string,
  port: number,
  entry: string,
  headers: Record<string, string>,
) {
  mkdirSync(join(folder, "app"));
  // Where the bundle looks for them: the addresses in the package, seen from the bundle.
  for (const file of ["wasm/keyseal_bg.wasm", "relay-wasm/keyseal_relay_bg.wasm"]) {
    cpSync(join(dist, file), join(folder, file));
  }
  cpSync(join(dist, "relay/worker.js"), join(folder, "app/worker.js"));
  const resolveDir = fileURLToPath(new URL("../pages", import.meta.url));
  const contents = `${entry}\ndocument.title = "ready";`;
  await build({
    stdin: { contents, resolveDir, loader: "ts" },
    outfile: join(folder, "app/page.js"),
    bundle: true,
    minifyWhitespace: true,
    format: "esm",
    logLevel: "error",
  });
  const html = '<!doctype html><title>…</title><script type="module" src="page.js"></script>';
  writeFileSync(join(folder, "app/index.html"), html);
  return serveFolder(folder, port, headers);
}

/** Tests of one app: `app` is its page, newly opened. */
export function onStand(entry: string, set?: Set) {
  return base.extend<{ app: Page }, { stand: Stand }>({
    stand: [
      // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern
      async ({}, use) => {
        const stand = await Stand.set(entry, set);
        await use(stand);
        await stand.strike();
      },
      { scope: "worker" },
    ],
    app: async ({ page, stand }, use) => {
      await stand.visit(page);
      await use(page);
    },
  });
}
