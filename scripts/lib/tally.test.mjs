import assert from "node:assert/strict";
import { test } from "node:test";
import { cargoTest, nextest, nodeTest, playwright, settle } from "./tally.mjs";

test("cargo test: the binaries' results are added up, colours or not", () => {
  const output =
    "test result: \x1b[32mok\x1b[0m. 3 passed; 0 failed; 1 ignored; 0 measured\n" +
    "test result: FAILED. 1 passed; 2 failed; 0 ignored\n";
  assert.deepEqual(cargoTest(output), { passed: 4, failed: 2 });
});

test("nextest: timed out and crashed tests count as failed", () => {
  const output =
    "     Summary [   0.010s] 12 tests run: 9 passed (1 slow), 1 failed, 2 timed out, 3 skipped\n";
  assert.deepEqual(nextest(output), { passed: 9, failed: 3 });
  assert.deepEqual(nextest("  Summary [ 1s] 1 test run: 1 passed, 0 skipped\n"), {
    passed: 1,
    failed: 0,
  });
});

test("node --test: both reporters are read, cancelled tests count as failed", () => {
  assert.deepEqual(nodeTest("ℹ pass 3\nℹ fail 1\nℹ cancelled 1\n"), { passed: 3, failed: 2 });
  assert.deepEqual(nodeTest("# pass 3\n# fail 0\n# cancelled 0\n"), { passed: 3, failed: 0 });
});

test("Playwright: a flaky test has failed", () => {
  const report = JSON.stringify({ stats: { expected: 4, unexpected: 1, flaky: 1, skipped: 2 } });
  assert.deepEqual(playwright(report), { passed: 4, failed: 2 });
});

test("a runner that crashed or ran nothing counts as one failure", () => {
  assert.equal(settle({ passed: 0, failed: 0 }, 0).failed, 1);
  assert.equal(settle({ passed: 5, failed: 0 }, 101).failed, 1);
  assert.deepEqual(settle({ passed: 5, failed: 2 }, 1), { passed: 5, failed: 2 });
  assert.deepEqual(settle({ passed: 5, failed: 0 }, 0), { passed: 5, failed: 0 });
});
