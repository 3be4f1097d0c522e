// How long sealing takes in Chromium, beside the libraries that one would use instead, in one page.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "@playwright/test";
import { isRoot } from "../scripts/lib/apt.mjs";
import { root } from "../scripts/lib/paths.mjs";
import { short } from "./table.mjs";

// Only these folders are served, each under its own name.
const FOLDERS = {
  "/page/": "bench/page",
  "/keyseal/": "pkg/dist/wasm",
  "/jose/": "node_modules/jose/dist/webapi",
  "/libsodium-wrappers/": "bench/node_modules/libsodium-wrappers/dist/modules-esm",
  "/libsodium/": "bench/node_modules/libsodium/dist/modules-esm",
  "/node-forge/": "bench/node_modules/node-forge/dist",
};
const TYPES = { ".html": "text/html", ".wasm": "application/wasm" };

export async function measure({ rounds, say }) {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: process.env.CHROME,
    chromiumSandbox: !isRoot,
    args: ["--disable-background-networking", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => say(String(error)));
    page.on("console", (message) => say(message.text()));
    await page.goto(`http://127.0.0.1:${server.address().port}/page/seal.html`);
    await page.waitForFunction(() => globalThis.bench !== undefined);
    const times = await page.evaluate((n) => globalThis.bench(n), rounds);
    // The fastest round is the one that the rest of the machine disturbed least.
    return rows(Object.fromEntries(Object.entries(times).map(([k, v]) => [k, Math.min(...v)])));
  } finally {
    await browser.close();
    server.close();
  }
}

function rows(us) {
  const times = (peer, own) => `${short(us[peer] / us[own])} ×`;
  const time = (name) =>
    us[name] >= 1000 ? `${short(us[name] / 1000)} ms` : `${short(us[name])} µs`;
  const peer = (title, name, own) => `${title} ${time(name)} (${times(name, own)})`;
  return [
    {
      what: "seal a request (AES under a session), Chromium",
      value: time("request"),
      goal: "≤ 15 µs",
    },
    {
      what: "… beside jose CompactEncrypt, RSA-OAEP-256",
      value: times("joseRsaCompact", "request"),
      beside: time("joseRsaCompact"),
      goal: "≥ 4 × faster",
    },
    {
      what: "… beside jose CompactEncrypt, dir, same key",
      value: times("joseDir", "request"),
      beside: time("joseDir"),
      goal: "faster",
    },
    {
      what: "… beside libsodium's sealed box",
      value: times("sodium", "request"),
      beside: time("sodium"),
      goal: "≥ 8 × faster",
    },
    {
      what: "seal a key once (RSA-3072), Chromium",
      value: time("key"),
      beside: peer("jose", "joseRsa", "key"),
      goal: "≤ 0.6 ms",
    },
    {
      what: "… beside node-forge",
      value: times("forge", "key"),
      beside: time("forge"),
      goal: "≥ 1.5 × faster",
    },
    { what: "init, warm, Chromium", value: time("init"), goal: "≤ 10 ms" },
  ];
}

async function serve(request, response) {
  const path = normalize(new URL(request.url, "http://x").pathname);
  const prefix = Object.keys(FOLDERS).find((start) => path.startsWith(start));
  try {
    const body = await readFile(join(root, FOLDERS[prefix], path.slice(prefix.length)));
    response.writeHead(200, {
      "content-type": TYPES[extname(path)] ?? "text/javascript",
      // Isolated pages have a finer clock.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}
