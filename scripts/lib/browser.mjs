// What the tests need besides: a Chromium with its driver, and PostgreSQL's programs.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { aptInstall, onDebianAsRoot } from "./apt.mjs";
import { root, which } from "./paths.mjs";
import { capture, run } from "./run.mjs";
import { busy, ok, Plain, warn } from "./say.mjs";

const BROWSERS = [
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
  "chrome",
];
const MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** Finds a browser and its driver, installing them if that is possible here. */
export async function prepareBrowser() {
  let found = find();
  if (!found.chrome || !found.chromedriver) {
    if (onDebianAsRoot()) await aptInstall("chromium", "chromium-driver");
    else if (!found.chrome) await playwrightInstall();
    found = find();
  }
  if (!found.chrome || !found.chromedriver) {
    const missing = found.chrome ? "chromedriver" : "Chromium";
    throw new Plain(
      `${missing} was not found, and the browser tests need it. On Debian: ` +
        "`apt-get install chromium chromium-driver`. Elsewhere: install Chrome and the " +
        "chromedriver of the same version, or name them in CHROME and CHROMEDRIVER.",
    );
  }
  process.env.CHROME = found.chrome;
  process.env.CHROMEDRIVER = found.chromedriver;
  process.env.WASM_BINDGEN_TEST_WEBDRIVER_JSON = webdriverJson(found.chrome);
  ok(`browser ${found.chrome}`);
}

function find() {
  const chrome =
    process.env.CHROME ??
    BROWSERS.map(which).find(Boolean) ??
    (existsSync(MAC) ? MAC : null) ??
    playwrightBrowser();
  return { chrome, chromedriver: process.env.CHROMEDRIVER ?? which("chromedriver") };
}

function playwrightBrowser() {
  try {
    const path = createRequire(join(root, "tests/e2e/")).resolve("playwright-core");
    const script = `console.log(require(${JSON.stringify(path)}).chromium.executablePath())`;
    const browser = capture(process.execPath, ["-e", script]);
    return browser && existsSync(browser) ? browser : null;
  } catch {
    return null;
  }
}

async function playwrightInstall() {
  busy("installing Chromium with Playwright");
  try {
    await run("npx", ["playwright", "install", "chromium"]);
  } catch {
    warn("Playwright could not download its Chromium");
  }
}

/** A Firefox with its driver, for `npm run test:all`: named in FIREFOX and GECKODRIVER, or on the PATH. */
export function findFirefox() {
  const firefox = process.env.FIREFOX ?? ["firefox", "firefox-esr"].map(which).find(Boolean);
  const geckodriver = process.env.GECKODRIVER ?? which("geckodriver");
  return firefox && geckodriver ? { firefox, geckodriver } : null;
}

/** The driver's settings, with the browser that was found. */
function webdriverJson(chrome) {
  const settings = JSON.parse(readFileSync(join(root, "tests/browser/webdriver.json"), "utf8"));
  settings["goog:chromeOptions"].binary = chrome;
  const folder = join(root, "target");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "webdriver.json");
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

/** The server's tests also run on PostgreSQL where its programs are found or can be installed. */
export async function preparePostgres() {
  if (!initdb() && onDebianAsRoot()) {
    try {
      await aptInstall("postgresql");
    } catch (error) {
      warn(`PostgreSQL could not be installed: ${error.message}`);
    }
  }
  const path = initdb();
  if (path) ok(`PostgreSQL ${path}`);
  else warn("PostgreSQL's initdb was not found: the server's tests run on SQLite only");
}

function initdb() {
  if (which("initdb")) return which("initdb");
  const folder = "/usr/lib/postgresql";
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  return versions.map((v) => join(folder, v, "bin", "initdb")).find((path) => existsSync(path));
}
