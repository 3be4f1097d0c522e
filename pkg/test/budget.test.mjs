// Budgets of synced keys, as the real companion keeps them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Vault } from "../dist/index.js";
import { realCompanion, tokenOf } from "./real.mjs";

test("a synced key takes a budget, shows what is left of it, and loses it again", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const vault = await Vault.open({ companion: companion.url, token: () => token });
  const key = { provider: "demo", budgetUsd: 2.5, budgetPeriod: "total" };
  const { id, ...added } = await vault.add("demo-budget-0123456789", key);
  assert.deepEqual(
    [added.budgetUsd, added.budgetPeriod, added.budgetSpentUsd, added.budgetLeftUsd],
    [2.5, "total", 0, 2.5],
  );
  assert.equal((await vault.update(id, { budgetUsd: 1 })).budgetLeftUsd, 1);
  const without = await vault.update(id, { budgetUsd: null });
  assert.deepEqual([without.budgetUsd, without.budgetLeftUsd], [null, null]);
  assert.equal(without.unknownRequests, 0);
});

test("a key that is only in this browser is refused a budget, and not stored without it", async (t) => {
  const companion = await realCompanion(t);
  const token = await tokenOf(companion);
  const vault = await Vault.open({ companion: companion.url, token: () => token });
  const browser = { provider: "demo", storage: "browser" };
  const refused = { code: "validation" };
  await assert.rejects(vault.add("demo-budget-0123456789", { ...browser, budgetUsd: 1 }), refused);
  assert.deepEqual(vault.entries, []);
  const { id } = await vault.add("demo-budget-0123456789", browser);
  await assert.rejects(vault.update(id, { budgetUsd: 1 }), refused);
  assert.equal((await vault.update(id, { budgetUsd: null })).budgetUsd, null);
});
