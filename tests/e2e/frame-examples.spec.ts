// Every example of the isolated frame's documentation, on the side that it is for: an app's page, or the page in the
// frame, which is built by somebody else than us and served from an origin of its own.

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Frame } from "@playwright/test";
import { build } from "esbuild";
import { publicMembers } from "../../scripts/lib/examples.mjs";
import { freePort } from "../support/companion.mjs";
import { serveFolder } from "../support/static.mjs";
import { companionForUsers } from "../support/users.mjs";
import { test } from "./support/browser.js";
import { script, typeErrors } from "./support/examples.js";

const members = publicMembers().filter(({ entry }) => entry === "keyseal/frame");
const text = script(members, "framed-prelude");
const local = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page makes its frame first; what ends it, or makes another one of it, comes last. */
const LAST = /^FramedVault(\.constructor|\.close)?$|^Frame(\.constructor)?$/;
const turn = ({ name }: { name: string }) =>
  LAST.test(name) ? 2 : name.startsWith("FramedVault") ? 0 : 1;

test("the examples of the isolated frame fit the published types", () => {
  expect(typeErrors(text)).toEqual([]);
});

test("the examples of the isolated frame do what they say", async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), "keyseal-framed-"));
  const ports = [await freePort(), await freePort()];
  const [app = "", own = ""] = ports.map((port) => `http://127.0.0.1:${port}`);
  const users = await companionForUsers({ env: { KEYSEAL__CORS__ORIGINS: own } });
  mkdirSync(join(folder, "app"));
  cpSync(local("../../pkg/dist/wasm"), join(folder, "wasm"), { recursive: true });
  await build({
    stdin: { contents: text, resolveDir: local("pages"), loader: "ts" },
    outfile: join(folder, "app/page.js"),
    bundle: true,
    format: "esm",
    logLevel: "error",
  });
  const html = '<!doctype html><title>…</title><body><script type="module" src="page.js"></script>';
  writeFileSync(join(folder, "app/index.html"), html);
  const config = JSON.stringify({ companion: users.companion.url, parents: [app] });
  const more = { "/app/config.json": config };
  const served = await Promise.all(ports.map((port) => serveFolder(folder, port, {}, more)));
  try {
    await page.goto(`${app}/app/index.html`);
    const place = { src: `${own}/app/index.html`, token: await users.tokenFor("ann") };
    const ordered = members.toSorted((a, b) => turn(a) - turn(b));
    for (const { name, example = "" } of ordered) {
      await test.step(name, async () => {
        const side = (name.startsWith("FramedVault") ? page : page.frames()[1]) as Frame;
        const called = await run(side, name, place);
        // Nothing is wrong here that an app would have to say.
        const says = example.match(/\b(?:ask|banner|note|show)(?=\()/g) ?? [];
        for (const said of says) expect(called, `${name} says`).not.toContain(said);
        if (name === "Frame.agree") {
          // Not by a script's click, but by a person's.
          expect(called).not.toContain(name);
          await page.frameLocator("iframe").locator(".asked").last().click();
        }
        await expect.poll(() => side.evaluate(() => [...window.called])).toContain(name);
      });
    }
  } finally {
    for (const it of served) await it.close();
    await users.companion.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

declare global {
  interface Window {
    called: Set<string>;
  }
}

function run(side: Frame, name: string, place: object): Promise<string[]> {
  return side.evaluate(
    ([name, place]) =>
      (window as unknown as { run: (...all: unknown[]) => Promise<string[]> }).run(name, place),
    [name, place] as const,
  );
}
