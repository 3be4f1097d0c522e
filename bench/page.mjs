// What opening the Secure Store page weighs, and how soon it shows something: its first look, cold, from a companion on
// this machine.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { chromium } from "@playwright/test";
import { built, root } from "../scripts/lib/paths.mjs";
import { Companion } from "../tests/support/companion.mjs";

const ROUNDS = 7;
const KINDS = { ".js": "JS", ".css": "CSS", ".wasm": "wasm", ".html": "HTML", ".svg": "SVG" };

export async function measure() {
  const companion = await new Companion({ program: built("release", "keyseal-server") }).start();
  const browser = await chromium.launch({
    executablePath: process.env.CHROME,
    chromiumSandbox: process.getuid?.() !== 0,
  });
  try {
    const looks = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      looks.push(await firstLook(browser, await nextLink(companion)));
    }
    const [{ files }] = looks;
    return [
      weight("Secure Store, first look, brotli", files),
      weight("Secure Store, all its files, brotli", below(join(root, "www/dist")).filter(isPage)),
      weight("isolated frame, all its files, brotli", below(join(root, "www/dist/frame"))),
      {
        what: "first contentful paint, cold, local",
        value: `${Math.round(median(looks.map(({ paint }) => paint)))} ms`,
        beside: `list usable after ${Math.round(median(looks.map(({ ready }) => ready)))} ms; median of ${ROUNDS}`,
        goal: "≤ 1 s",
      },
      {
        what: "layout shift while it loads",
        value: Math.max(...looks.map(({ shift }) => shift)).toFixed(3),
        beside: "cumulative, the worst of them",
        goal: "≤ 0.1",
      },
    ];
  } finally {
    await browser.close();
    await companion.remove();
  }
}

/** Each link is good once. */
async function nextLink(companion) {
  const { spawnSync } = await import("node:child_process");
  const { stdout } = spawnSync(companion.program, ["token"], {
    cwd: companion.folder,
    env: { PATH: process.env.PATH, ...companion.settings() },
    encoding: "utf8",
  });
  return /http:\S+#link=\S+/.exec(stdout)?.[0] ?? companion.link();
}

async function firstLook(browser, link) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const paths = [];
  page.on("requestfinished", (request) => paths.push(new URL(request.url()).pathname));
  const began = performance.now();
  await page.goto(link);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  const ready = performance.now() - began;
  const seen = await page.evaluate(
    () =>
      new Promise((resolve) => {
        let shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shift += entry.hadRecentInput ? 0 : entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        const [paint] = performance.getEntriesByName("first-contentful-paint");
        setTimeout(() => resolve({ paint: paint?.startTime ?? Number.NaN, shift }), 300);
      }),
  );
  await context.close();
  const files = paths
    .map((path) => join(root, "www/dist", path === "/" ? "index.html" : path))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  return { ...seen, ready, files: [...new Set(files)] };
}

function weight(what, files) {
  const kinds = new Map();
  let whole = 0;
  for (const file of files) {
    const size = brotliCompressSync(readFileSync(file)).length;
    const kind = KINDS[extname(file)] ?? "other";
    kinds.set(kind, (kinds.get(kind) ?? 0) + size);
    whole += size;
  }
  const beside = [...kinds].map(([kind, size]) => `${kind} ${kilobytes(size)}`).join(" + ");
  return { what, value: `${kilobytes(whole)} KB`, beside, goal: "" };
}

const isPage = (file) => !file.includes("/dist/frame/");
const below = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    // Each file once, not its compressed twins.
    .filter((file) => statSync(file).isFile() && !/\.(br|gz)$/.test(file));
const kilobytes = (bytes) => (bytes / 1024).toFixed(1);
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
