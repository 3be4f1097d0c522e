import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { Companion } from "../../support/companion.mjs";
import { openVault, servePackage } from "./tab.js";

/** What a key says of itself by its end: how the providers here answer to it. */
const REFUSED = /401$/;
const WAITING = /429$/;

/** The providers, as far as a page that shows keys needs them: no account, no network. */
async function providers() {
  const server = createServer(async (request, response) => {
    const key = `${request.headers.authorization ?? ""}${request.headers["x-api-key"] ?? ""}`;
    const body = Buffer.concat(await request.toArray()).toString();
    const status = REFUSED.test(key) ? 401 : WAITING.test(key) ? 429 : 200;
    const model = /"model":"([^"]+)"/.exec(body)?.[1] ?? "gpt-4o-mini";
    const usage = {
      prompt_tokens: 812,
      completion_tokens: 344,
      input_tokens: 812,
      output_tokens: 344,
    };
    const choices = [{ index: 0, message: { role: "assistant", content: "Of course." } }];
    response.writeHead(status, { "content-type": "application/json", "retry-after": "240" });
    response.end(
      JSON.stringify(status === 200 ? { model, choices, usage, data: [] } : { error: {} }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const random = (length: number) =>
  Array.from({ length }, () => "abcdefghkmnpqrstuvwxyz23456789".charAt(Math.random() * 30)).join(
    "",
  );

/** Keys as somebody has them who uses a few providers: by provider, label, storage, and what becomes of them. */
const KEYS = [
  ["openai", `sk-proj-${random(156)}`, "prod", "synced"],
  ["openai", `sk-proj-${random(153)}429`, "personal", "browser"],
  ["anthropic", `sk-ant-api03-${random(93)}AA`, "", "synced"],
  ["groq", `gsk_${random(49)}401`, "old laptop", "synced"],
  ["demo", `demo-${random(30)}`, "to try things out", "browser"],
] as const;

/** A companion and a browser in which somebody keeps keys, with a history. */
export class Furnished {
  private constructor(
    readonly companion: Companion,
    private readonly upstream: Awaited<ReturnType<typeof providers>>,
  ) {}

  static async set(more: Record<string, string> = {}): Promise<Furnished> {
    const upstream = await providers();
    const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const ids = ["OPENAI", "ANTHROPIC", "GROQ"];
    const env = Object.fromEntries(
      ids.flatMap((id) => [
        [`KEYSEAL__PROVIDERS__${id}__ORIGIN`, origin],
        [`KEYSEAL__PROVIDERS__${id}__ALLOW_PRIVATE`, "true"],
      ]),
    );
    return new Furnished(await new Companion({ env: { ...env, ...more } }).start(), upstream);
  }

  /** The page, signed in, in a browser that holds nothing yet. */
  async open(
    browser: Browser,
    more: object = {},
  ): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({
      permissions: ["clipboard-read", "clipboard-write"],
      ...more,
    });
    const page = await context.newPage();
    await page.goto(await this.companion.link());
    await page.getByRole("heading", { level: 1 }).waitFor();
    return { context, page };
  }

  /** Adds the keys, tests and uses them, in a tab beside the page. */
  async furnish(context: BrowserContext, page: Page): Promise<void> {
    const token = await page.evaluate(() => sessionStorage.getItem("keyseal.token") ?? "");
    await servePackage(context);
    const tab = await context.newPage();
    await tab.goto(`${this.companion.url}/bare/`);
    await openVault(tab, "/bare/pkg/", { companion: this.companion.url, token });
    await tab.evaluate(async (keys) => {
      for (const [provider, key, label, storage] of keys) {
        const { id } = await vault.add(key, { provider, label, storage });
        await vault.test(id).catch(() => undefined);
        if (provider === "demo") continue;
        const path = provider === "anthropic" ? "v1/messages" : "chat/completions";
        const url = `${vault.baseURL(provider)}/${path}`;
        const model = { openai: "gpt-4o-mini", anthropic: "claude-sonnet-4-5" }[
          provider as "openai"
        ];
        await vault
          .fetch(url, {
            method: "POST",
            headers: { "Content-Type": "application/json", "Keyseal-Entry": id },
            body: JSON.stringify({
              model,
              max_tokens: 9,
              messages: [{ role: "user", content: "Hi" }],
            }),
          })
          .then((answer) => answer.text())
          .catch(() => undefined);
      }
    }, KEYS);
    await tab.close();
  }

  async strike(): Promise<void> {
    await this.companion.remove();
    this.upstream.closeAllConnections();
    this.upstream.close();
    rmSync(this.companion.folder, { recursive: true, force: true });
  }
}
