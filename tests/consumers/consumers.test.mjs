// The packed package in other people's projects: each bundler builds an app with it, the app runs in
// Chromium, and the real companion opens what was sealed there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { demoKey } from "../support/canary.mjs";
import { launch } from "../support/chromium.mjs";
import { freePort } from "../support/companion.mjs";
import { serveFolder } from "../support/static.mjs";
import { companionForUsers } from "../support/users.mjs";
import { Apps } from "./support/apps.mjs";
import { root } from "./support/pack.mjs";
import { config, opened, somebody } from "./support/page.mjs";

let apps;
let users;
let browser;
let served;
const ports = {};
let port;

before(async () => {
  for (const name of ["built", "dev", "next"]) ports[name] = await freePort();
  port = (name) => `http://127.0.0.1:${ports[name]}`;
  apps = new Apps();
  const origins = Object.keys(ports).map(port).join(",");
  const file = join(apps.folder, "keyseal.toml");
  writeFileSync(file, config, { mode: 0o600 });
  users = await companionForUsers({
    args: ["--demo", "--config", file],
    env: { KEYSEAL__CORS__ORIGINS: origins },
  });
  served = await serveFolder(apps.folder, ports.built);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
  await apps?.remove();
  await users?.companion.remove();
});

/** The app at that address seals, and the companion opens it. */
async function seals(url, name) {
  const { input, check } = await somebody(users, name);
  check(await opened(browser, url, input));
}

for (const [version, name] of [
  [7, "vite-7"],
  [8, "vite"],
]) {
  test(`Vite ${version}: dev server and build`, async (t) => {
    const vite = await apps.load(name);
    assert.equal(vite.version.split(".")[0], `${version}`);
    const folder = apps.copy("vite", `app-${name}`);
    const settings = { root: folder, base: "./", logLevel: "error" };
    if (version === 8) rmSync(join(folder, "vite.config.js"));

    await t.test("dev server", () =>
      withDevServer(vite, settings, (url) => seals(`${url}/index.html`, `${name}-dev`)),
    );
    await t.test("build", async () => {
      const input = ["index.html", "inline.html"].map((page) => join(folder, page));
      await vite.build({ ...settings, build: { rollupOptions: { input } } });
      for (const page of ["index", "inline"]) {
        await seals(`${served.url}/app-${name}/dist/${page}.html`, `${name}-${page}`);
      }
    });
    if (version === 8) return;
    await t.test("without its setting the error names the ways out, and inline is one", () => {
      const unset = { ...settings, configFile: false };
      return withDevServer(vite, unset, async (url) => {
        const { input } = await somebody(users, "unset");
        const { error } = await opened(browser, `${url}/index.html`, input);
        assert.deepEqual([error.name, error.code], ["KeysealError", "wasm_not_found"]);
        assert.match(error.next, /optimizeDeps\.exclude: \["keyseal"\].*keyseal\/inline/);
        await seals(`${url}/inline.html`, `${name}-inline-dev`);
      });
    });
  });
}

async function withDevServer(vite, settings, visit) {
  const server = await vite.createServer({
    ...settings,
    server: { port: ports.dev, strictPort: true, host: "127.0.0.1", hmr: false, ws: false },
  });
  try {
    await server.listen();
    await visit(port("dev"));
  } finally {
    await server.close();
  }
}

test("React, Vue and Svelte: the elements as they are, with properties, events and types", async (t) => {
  const folder = apps.copy("frameworks");
  const vite = await apps.load("vite");
  const { plugins } = await apps.config(folder, "vite.config.js");
  const names = ["react", "vue", "svelte"];
  await vite.build({
    root: folder,
    base: "./",
    configFile: false,
    plugins,
    oxc: { jsx: { runtime: "automatic", importSource: "react" } },
    logLevel: "error",
    build: { rollupOptions: { input: names.map((name) => join(folder, `${name}.html`)) } },
  });
  for (const name of names) {
    await t.test(name, async () => {
      const { key, secret } = demoKey();
      const input = { companion: users.companion.url, token: await users.tokenFor(name) };
      const page = await browser.newPage();
      const address = `${served.url}/frameworks/dist/${name}.html`;
      await page.goto(`${address}#${encodeURIComponent(JSON.stringify(input))}`);
      await page.getByRole("heading", { name: "No keys yet" }).waitFor();
      await page.locator("keyseal-input").getByLabel("API key").fill(key);
      await page.locator("keyseal-input").getByRole("button", { name: "Seal" }).click();
      const hint = `…${key.slice(-4)}`;
      await page.locator("output").filter({ hasText: hint }).waitFor();
      await page.getByRole("group", { name: `${hint}, from an app` }).waitFor();
      assert.equal((await page.content()).includes(secret), false);
      await page.close();
    });
  }
  await t.test("types of JSX", () => {
    const typescript = join(root, "node_modules/typescript/bin/tsc");
    const project = join(folder, "react/tsconfig.json");
    execFileSync(process.execPath, [typescript, "-p", project], { stdio: "inherit" });
  });
});

test("webpack 5: build", async () => {
  const { default: webpack } = await apps.load("webpack");
  const folder = apps.copy("webpack");
  const compiler = webpack(await apps.config(folder, "webpack.config.js"));
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString());
  await seals(`${served.url}/webpack/index.html`, "webpack");
});

test("esbuild: with the wasm as a file, inline, and with the relay", async () => {
  const { build } = await apps.load("esbuild");
  const folder = apps.copy("esbuild");
  const config = await apps.config(folder, "esbuild.config.js");
  const { warnings } = await build({ ...config, absWorkingDir: folder, logLevel: "silent" });
  assert.deepEqual(warnings, []);
  await seals(`${served.url}/esbuild/index.html`, "esbuild");
  await seals(`${served.url}/esbuild/inline.html`, "esbuild-inline");
  await seals(`${served.url}/esbuild/relay.html`, "esbuild-relay");
});

test("a script tag and no build: the package's folder is served as it is, to a page and a worker", async () => {
  const folder = apps.copy("script-tag");
  const installed = join(apps.folder, "node_modules/keyseal");
  cpSync(installed, join(folder, "keyseal"), { recursive: true });
  await seals(`${served.url}/script-tag/index.html`, "script-tag");

  const { input, check } = await somebody(users, "worker");
  const result = await opened(browser, `${served.url}/script-tag/worker.html`, input);
  check(result);
  assert.deepEqual([result.persistent, result.page], [false, false]);
});

test("Node: the same, without a browser", async () => {
  const folder = apps.copy("node");
  const { input, check } = await somebody(users, "node");
  const args = ["main.js", JSON.stringify(input)];
  check(JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" })));
});

test("Next.js: pages rendered on the server, and a chat whose route uses keyseal/server", async () => {
  const folder = apps.copy("next");
  const next = "next/dist/bin/next";
  const env = {
    NEXT_TELEMETRY_DISABLED: "1",
    // Vite, in this process, has set it to something else.
    NODE_ENV: "production",
    COMPANION: users.companion.url,
    KEYSEAL_SECRET: users.secret,
  };
  apps.program(next, ["build"], folder, env);
  const url = port("next");
  const args = ["start", "--port", `${ports.next}`, "--hostname", "127.0.0.1"];
  await apps.serve(next, args, { cwd: folder, env, url });
  assert.match(await (await fetch(url)).text(), /API key/);

  const { key, secret } = demoKey();
  const page = await browser.newPage();
  const sent = [];
  page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
  await page.goto(url);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Add" }).click();
  await page
    .getByRole("listitem")
    .filter({ hasText: `…${key.slice(-4)}` })
    .waitFor();
  await page.getByLabel("Message").fill("Good morning");
  await page.getByRole("button", { name: "Send" }).click();
  const answer = page.getByRole("article", { name: "assistant" });
  await answer.filter({ hasText: `a key that ends in ${key.slice(-4)}` }).waitFor();
  assert.match(await answer.textContent(), /“Good morning”/);
  await page.close();

  assert.ok(sent.some((request) => request.includes("/api/chat {")));
  assert.deepEqual(
    sent.filter((request) => request.includes(secret)),
    [],
  );
});
