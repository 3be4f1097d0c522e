// From a fresh clone to a page in the browser: set-up, build, companion with the demo provider.
import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buildFrontend, buildServer } from "./lib/build.mjs";
import { built, root } from "./lib/paths.mjs";
import { main, ok, warn } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

const PORT = 8787;

await main(async () => {
  await prepareToolchain();
  await buildFrontend();
  await buildServer();
  const port = await freePort();
  return serve(port);
});

async function freePort() {
  if (await isFree(PORT)) return PORT;
  for (let port = PORT + 1; port < PORT + 50; port += 1) {
    if (!(await isFree(port))) continue;
    warn(`port ${PORT} is taken (by another keyseal?): using ${port}`);
    // A companion's identity and its users' keys belong to its address, in the browser too.
    warn(
      "it is another companion, with folders of its own: keys added elsewhere are not seen here",
    );
    return port;
  }
  throw new Error(`no free port from ${PORT} on`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

function serve(port) {
  const address = `127.0.0.1:${port}`;
  const suffix = port === PORT ? "" : `-${port}`;
  const log = join(root, "target", `companion${suffix}.log`);
  const child = spawn(built("release", "keyseal-server"), ["serve", "--demo"], {
    cwd: root,
    // Its one line for people, the link, goes to the terminal; a line for each request to a file.
    stdio: ["ignore", "inherit", openSync(log, "w", 0o600)],
    env: {
      KEYSEAL__LISTEN: address,
      KEYSEAL__PUBLIC_URL: `http://${address}`,
      KEYSEAL__PAGE_DIR: join(root, "www", "dist"),
      KEYSEAL__DATA_DIR: join(root, `keyseal-data${suffix}`),
      KEYSEAL__KEYS_DIR: join(root, `keyseal-keys${suffix}`),
      KEYSEAL__AUTH__MODE: "local",
      ...process.env,
    },
  });
  ok(`companion on port ${port}; Ctrl-C stops it; its log: ${log}`);
  // The terminal sends Ctrl-C to the companion too, which ends by itself; others signal only us.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code) warn(readFileSync(log, "utf8").slice(-4000));
      resolve(code ?? (signal ? 0 : 1));
    });
  });
}
