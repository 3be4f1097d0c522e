import { readFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "@playwright/test";
import type { Vault as VaultClass } from "keyseal";
import type { Stage } from "./stage.js";

type Keyseal = typeof import("keyseal");
type Doors = { insideOf(vault: VaultClass): Record<string, (...given: unknown[]) => unknown> };

declare global {
  /** What the bare page holds. */
  var keyseal: Keyseal;
  var doors: Doors;
  var vault: VaultClass;
}

const dist = fileURLToPath(new URL("../../../pkg/dist/", import.meta.url));
const TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };
const PAGE = '<!doctype html><meta charset="utf-8"><title>bare</title>';

/** Serves the package's files below the companion's own address. */
export async function servePackage(context: BrowserContext): Promise<void> {
  await context.route("**/bare/**", (route) => {
    const path = new URL(route.request().url()).pathname.replace(/^\/bare\//, "");
    if (!path.startsWith("pkg/")) return route.fulfill({ contentType: "text/html", body: PAGE });
    const file = normalize(path.slice("pkg/".length));
    const contentType = TYPES[extname(file)] ?? "text/plain";
    return route.fulfill({ contentType, body: readFileSync(join(dist, file)) });
  });
}

/**
 * Pages at the companion's own address that hold the package and nothing else, as files: where the vault itself is
 * tried, and what lies behind its door, without the page around it.
 */
export class Bare {
  private constructor(
    private readonly stage: Stage,
    readonly token: string,
  ) {}

  static async set(stage: Stage): Promise<Bare> {
    const first = await stage.openBrowser();
    await servePackage(stage.context);
    await first.goto(`${stage.companion.url}/bare/`);
    const link = new URL(await stage.companion.link()).hash.slice("#link=".length);
    const token = await first.evaluate(async (link) => {
      const answer = await fetch("/api/v1/local/token", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ link }),
      });
      return ((await answer.json()) as { token: string }).token;
    }, link);
    return new Bare(stage, token);
  }

  /** Beside the page that somebody has signed in to: the same vault, by the same token. */
  static async beside(stage: Stage, page: Page): Promise<Bare> {
    await servePackage(stage.context);
    const token = await page.evaluate(() => sessionStorage.getItem("keyseal.token") ?? "");
    return new Bare(stage, token);
  }

  /** A tab with the vault open in it. */
  async tab(options: object = {}): Promise<Page> {
    const page = await this.stage.context.newPage();
    await this.open(page, options);
    return page;
  }

  /** Loads the page anew and opens the vault in it. */
  async open(page: Page, options: object = {}): Promise<void> {
    await page.goto(`${this.stage.companion.url}/bare/`);
    const companion = this.stage.companion.url;
    await openVault(page, "/bare/pkg/", { companion, token: this.token, ...options });
  }
}

/** Loads the package's files, which lie below `path`, and opens the vault. */
export async function openVault(
  page: Page,
  path: string,
  options: { companion: string; token: string },
): Promise<void> {
  await page.evaluate(
    async ({ path, options }) => {
      const load = (file: string) => import(new URL(path + file, location.href).href);
      globalThis.keyseal = (await load("index.js")) as Keyseal;
      globalThis.doors = (await load("vault/inside.js")) as Doors;
      const token = () => options.token;
      globalThis.vault = await globalThis.keyseal.Vault.open({ ...options, token });
    },
    { path, options },
  );
}

/** Adds a key to this browser; gives the entry's id. */
export function addHere(page: Page, key: string): Promise<string> {
  return page.evaluate(async (key) => {
    const entry = await vault.add(key, { provider: "demo", storage: "browser" });
    return entry.id;
  }, key);
}

/** Uses an entry for a chat; what the demo provider answered, or the error's code. */
export function use(page: Page, id: string): Promise<string> {
  return page.evaluate(async (id) => {
    try {
      const answer = await vault.fetch(`${vault.baseURL("demo")}/chat/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Keyseal-Entry": id },
        body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Hello" }] }),
      });
      return await answer.text();
    } catch (error) {
      return (error as { code: string }).code;
    }
  }, id);
}
