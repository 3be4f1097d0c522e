// Every test runner of the project, in the order in which `npm test` runs them: what fails
// fastest comes first, and what needs a server comes after its build.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { node as nodeOfSdks, setUp as setUpSdks } from "../../tests/sdks/setup.mjs";
import { findFirefox } from "./browser.mjs";
import { findClang } from "./clang.mjs";
import { built, npmProgram, root, which } from "./paths.mjs";
import { warn } from "./say.mjs";
import { cargoTest, nextest, nodeTest, playwright } from "./tally.mjs";

const report = join(root, "tests/e2e/results/report.json");

const RELAY = ["-p", "keyseal", "--features", "relay", "--lib", "relay"];

/** One test binary layout for all: the dev profile, never release. */
const native = which("cargo-nextest")
  ? {
      command: "cargo",
      args: ["nextest", "run", "--workspace", "--no-fail-fast"],
      tally: nextest,
    }
  : {
      command: "cargo",
      args: ["test", "--workspace", "--tests", "--no-fail-fast"],
      tally: cargoTest,
    };

export const unit = {
  name: "unit tests",
  ...native,
  args: [...native.args.filter((arg) => arg !== "--tests"), "--lib", "--bins"],
};

/** TLS and HTTP, a feature of the library that nothing else turns on. */
const relay = {
  ...native,
  name: "TLS and HTTP of the relay",
  args: [...native.args.filter((arg) => !/^--(workspace|tests)$/.test(arg)), ...RELAY],
};

const scripts = {
  name: "tests of the scripts and test helpers",
  command: process.execPath,
  args: ["--test", "--test-reporter=spec", ...testFiles("scripts", "tests/support")],
  tally: nodeTest,
};

const doc = {
  name: "documentation examples",
  command: "cargo",
  args: ["test", "--workspace", "--doc", "--no-fail-fast"],
  tally: cargoTest,
};

const browser = {
  name: "wasm in the browser",
  command: "cargo",
  get args() {
    const args = [
      "test",
      "--target",
      "wasm32-unknown-unknown",
      "-p",
      "keyseal",
      "--test",
      "browser",
    ];
    return findClang() ? [...args, "--features", "relay"] : args;
  },
  env: {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: "wasm-bindgen-test-runner",
    // Seconds for all tests together. Stretching passphrases takes its time on a busy machine.
    WASM_BINDGEN_TEST_TIMEOUT: "300",
  },
  tally: cargoTest,
};

/** Slow, or of what not every machine has: `npm run test:all` asks for them. */
export function extras() {
  const found = findFirefox();
  if (!found) {
    warn(
      "not run in Firefox: no Firefox with geckodriver. On Debian: `apt-get install firefox-esr`, " +
        "`cargo install geckodriver`; or name them in FIREFOX and GECKODRIVER",
    );
    return [];
  }
  const { firefox, geckodriver } = found;
  const settings = join(root, "target/webdriver-firefox.json");
  // It would end a page that stretches passphrases.
  const prefs = { "dom.max_script_run_time": 0 };
  const capabilities = { "moz:firefoxOptions": { binary: firefox, prefs } };
  return [
    {
      ...browser,
      name: "wasm in Firefox",
      env: {
        ...browser.env,
        GECKODRIVER: geckodriver,
        // Of several drivers the runner takes the first it knows.
        CHROMEDRIVER: undefined,
        WASM_BINDGEN_TEST_WEBDRIVER_JSON: settings,
      },
      before: () => writeFileSync(settings, JSON.stringify(capabilities)),
    },
    {
      name: "the page in Firefox",
      command: process.execPath,
      args: ["--test", "--test-reporter=spec", ...testFiles("tests/firefox")],
      env: withServer,
      tally: nodeTest,
    },
  ];
}

// The same units as the native tests, so nothing is compiled twice.
const server = {
  name: "companion for the tests below",
  command: "cargo",
  args: ["build", "--workspace", "--bins", "--tests"],
};

const withServer = { KEYSEAL_SERVER: built("dev", "keyseal-server") };

const packages = ["pkg", "tests/consumers", "tests/vectors"].map((folder) => ({
  name: `tests of ${folder}`,
  command: process.execPath,
  args: ["--test", "--test-reporter=spec", ...testFiles(folder)],
  env: withServer,
  tally: nodeTest,
}));

// The SDKs want a newer Node than the rest, and are nobody else's dependency: they have a lockfile of their own.
const sdks = {
  name: "the providers' own SDKs",
  command: nodeOfSdks(),
  args: ["--test", "--test-reporter=spec", "tests/sdks/sdks.test.mjs"],
  env: withServer,
  before: setUpSdks,
  tally: nodeTest,
};

const e2e = {
  name: "end to end",
  command: npmProgram("playwright"),
  args: ["test", "--config", "tests/e2e"],
  env: { ...withServer, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  before: () => {
    mkdirSync(join(report, ".."), { recursive: true });
    rmSync(report, { force: true });
  },
  tally: () => playwright(existsSync(report) ? readFileSync(report, "utf8") : '{"stats":{}}'),
};

export const runners = [
  scripts,
  { name: "native tests", ...native },
  relay,
  doc,
  browser,
  server,
  ...packages,
  sdks,
  e2e,
];

function testFiles(...folders) {
  return folders.flatMap((folder) => {
    const path = join(root, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path, { recursive: true })
      .filter((name) => /\.test\.m?js$/.test(name) && !name.includes("node_modules"))
      .map((name) => join(folder, name))
      .sort();
  });
}
