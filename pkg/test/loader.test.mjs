// What loading says when it does not work. Each test loads its own copy of the package.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

const dist = new URL("../dist/", import.meta.url);
const wasm = await readFile(new URL("wasm/keyseal_bg.wasm", dist));
let copies = 0;

/** The package's modules anew, as in another page. */
async function freshPackage() {
  copies += 1;
  const init = await import(new URL(`loader/init.js?copy=${copies}`, dist));
  return init;
}

const answer = (body, type, status = 200) =>
  new Response(body, { status, headers: { "content-type": type } });

test("importing the package does nothing: no wasm is read, on a server neither", async () => {
  const { coreNow } = await freshPackage();
  assert.throws(coreNow, { name: "KeysealError", code: "not_initialised" });
});

test("the wasm is loaded once, however many ask for it", async () => {
  const { core, coreNow } = await freshPackage();
  const [one, other] = await Promise.all([core(), core()]);
  assert.equal(one, other);
  assert.equal(coreNow(), one);
});

test("the wasm may be given: as bytes, as a response with or without its media type", async () => {
  for (const source of [
    wasm,
    answer(wasm, "application/wasm"),
    answer(wasm, "application/octet-stream"),
  ]) {
    const { core } = await freshPackage();
    assert.equal(typeof (await core(source)).sealKey, "function");
  }
});

test("HTML in the wasm's place is named, with the way out", async () => {
  const { init } = await freshPackage();
  await assert.rejects(init(answer("<!doctype html>", "text/html")), (error) => {
    assert.equal(error.code, "wasm_not_found");
    assert.match(error.message, /text\/html/);
    assert.match(error.next, /optimizeDeps\.exclude/);
    assert.match(error.next, /keyseal\/inline/);
    return true;
  });
});

test("a missing file is named; the next call tries again", async () => {
  const { init, core } = await freshPackage();
  await assert.rejects(init(answer("gone", "text/plain", 404)), { code: "wasm_not_found" });
  assert.equal(typeof (await core(wasm)).detect, "function");
});

test("a Content-Security-Policy that blocks wasm is told from a broken file", async (t) => {
  const compile = t.mock.method(WebAssembly, "compile", async () => {
    throw new WebAssembly.CompileError(
      "WebAssembly.compile(): violates the following Content Security policy directive because 'unsafe-eval' is not allowed",
    );
  });
  const { init } = await freshPackage();
  await assert.rejects(init(wasm), (error) => {
    assert.equal(error.code, "wasm_blocked");
    assert.match(error.next, /'wasm-unsafe-eval'/);
    return true;
  });
  compile.mock.restore();
  await assert.rejects(init(wasm.subarray(0, 100)), { code: "wasm_not_found" });
});
