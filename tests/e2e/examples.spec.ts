// Every example in the package's documentation: it is there, it fits the published types, and it does
// what it says, in a real page with the real companion.

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "@playwright/test";
import { build } from "esbuild";
import { publicMembers } from "../../scripts/lib/examples.mjs";
import { randomText } from "../support/canary.mjs";
import { script, typeErrors } from "./support/examples.js";
import { onStand } from "./support/stand.js";

const members = publicMembers();
// Those of the isolated frame need one: they run in frame-examples.spec.
const ELSEWHERE = ["keyseal/frame", "keyseal/server"];
const inPages = members.filter(({ entry, example }) => example && !ELSEWHERE.includes(entry));
const onServers = members.filter(({ entry, example }) => example && entry === "keyseal/server");
const text = script(inPages);

const COMPANION = "https://keys.example.com";
const test = onStand(text, { env: { KEYSEAL__PUBLIC_URL: COMPANION } });

test("every public function, class and member has an example", () => {
  expect(members.length).toBeGreaterThan(30);
  expect(members.filter(({ example }) => !example?.trim()).map(({ name }) => name)).toEqual([]);
});

test("the examples fit the published types", () => {
  expect(typeErrors(text)).toEqual([]);
});

for (const { name, example = "" } of inPages) {
  test(`the example of ${name} does what it says`, async ({ app, stand }) => {
    const place = {
      companion: `http://127.0.0.1:${stand.users.companion.port}`,
      token: await stand.users.tokenFor(randomUUID()),
      pasted: `sk-proj-${randomText()}${randomText()}`,
    };
    const called = await app.evaluate(
      ([name, place]) =>
        (window as unknown as { run: (...all: unknown[]) => Promise<string[]> }).run(name, place),
      [name, place] as const,
    );
    // Of a class the example shows some members; of anything else, that very thing.
    const uses = /^(Vault|KeysealError)$/.test(name) ? [] : [name];
    const says =
      /\b(?:advise|askWhich|banner|confirm|note|replaceState|show|showUnlock|warn)(?=\()/g;
    for (const wanted of [...uses, ...(example.match(says) ?? [])]) {
      expect(called, `${name} uses ${wanted}`).toContain(wanted);
    }
  });
}

for (const { name, example = "" } of onServers) {
  test(`the example of ${name} does what it says, on a server`, async ({ app, stand }) => {
    const token = await stand.users.tokenFor(randomUUID());
    const pasted = `sk-proj-${randomText()}${randomText()}`;
    const companion = `http://127.0.0.1:${stand.users.companion.port}`;
    // The person's key is there already: an example that ran in a page has added it.
    await app.evaluate(
      ([place]) =>
        (window as unknown as { run: (...all: unknown[]) => Promise<unknown> }).run("", place),
      [{ companion, token, pasted }] as const,
    );
    const before = stand.upstream.calls.length;
    await onServer(example, { token, companion });
    const keys = stand.upstream.calls.slice(before).map((call) => call.key);
    expect(keys).toEqual([pasted]);
  });
}

/** Runs an example in this process, with the companion where the example says it is. */
async function onServer(example: string, { token, companion }: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "keyseal-example-"));
  const outfile = join(folder, "example.mjs");
  const given = {
    token,
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "Good morning" }],
  };
  const facts = Object.entries(given).map(
    ([name, value]) => `const ${name} = ${JSON.stringify(value)};`,
  );
  const resolveDir = fileURLToPath(new URL("pages", import.meta.url));
  const stdin = { contents: `${facts.join("\n")}\n${example}`, resolveDir, loader: "ts" as const };
  await build({ stdin, outfile, bundle: true, format: "esm", platform: "node", logLevel: "error" });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    return fetch(url.replace(COMPANION, companion ?? ""), init);
  };
  try {
    await import(pathToFileURL(outfile).href);
  } finally {
    globalThis.fetch = fetch;
    rmSync(folder, { recursive: true });
  }
}
