// How many tests passed and failed, read from what a runner printed.

const plain = (text) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  text.replace(/\x1b\[[0-9;]*m/g, "");

/** cargo test and wasm-bindgen-test: one line for each test binary. */
export function cargoTest(output) {
  const total = { passed: 0, failed: 0 };
  for (const [, passed, failed] of plain(output).matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed;/gm,
  )) {
    total.passed += Number(passed);
    total.failed += Number(failed);
  }
  return total;
}

/** cargo nextest: one summary; what ran and did not pass (failed, timed out, crashed) failed. */
export function nextest(output) {
  const match =
    /^\s*Summary \[.*?\] +(?:\d+\/)?(\d+) tests? run: (\d+) passed/m.exec(plain(output)) ?? [];
  const [, ran = 0, passed = 0] = match;
  return { passed: Number(passed), failed: Number(ran) - Number(passed) };
}

/** node --test, spec or tap reporter. */
export function nodeTest(output) {
  const count = (name) =>
    Number(new RegExp(`^[ℹ#] ${name} (\\d+)$`, "m").exec(plain(output))?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail") + count("cancelled") };
}

/** Playwright's JSON report. A test that passed only when tried again has failed. */
export function playwright(json) {
  const { expected = 0, unexpected = 0, flaky = 0 } = JSON.parse(json).stats;
  return { passed: expected, failed: unexpected + flaky };
}

/** What a runner's result counts for: one that crashed, or ran no test at all, has failed. */
export function settle({ passed, failed }, exitCode) {
  if (passed + failed === 0) return { passed, failed: 1, note: "ran no test" };
  if (exitCode !== 0 && failed === 0) {
    return { passed, failed: 1, note: `ended with exit code ${exitCode}` };
  }
  return { passed, failed };
}
