import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { recordingProxy } from "./proxy.mjs";

test("both directions are recorded, also what a chunk's border cuts in two", async (t) => {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.write("data: first-");
      setTimeout(() => response.end("second"), 20);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy = await recordingProxy(server.address().port);
  t.after(async () => {
    await proxy.close();
    server.close();
  });
  const url = `http://127.0.0.1:${proxy.port}/path`;
  const answer = await fetch(url, { method: "POST", body: "sent-body" });
  assert.equal(await answer.text(), "data: first-second");
  const traffic = proxy.traffic().toString();
  for (const text of ["POST /path", "sent-body", "data: first-second"]) {
    assert.ok(traffic.includes(text), text);
  }
});
