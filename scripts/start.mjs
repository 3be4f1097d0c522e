// From a fresh clone to a page in the browser: set-up, build, companion with the demo provider.
import { spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buildFrontend, buildServer } from "./lib/build.mjs";
import { PORT, program, settings, suffix } from "./lib/companion.mjs";
import { root } from "./lib/paths.mjs";
import { main, ok, warn } from "./lib/say.mjs";
import { prepareToolchain } from "./lib/toolchain.mjs";

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
      "it is another companion, with folders of its own: keys added elsewhere are not seen here. For another " +
        `link to the one on ${PORT}, if it is this clone's: \`npm run link\``,
    );
    return port;
  }
  throw new Error(`no free port from ${PORT} on`);
}

/** At both addresses of `localhost`: whoever had the other one would be sent the link. */
async function isFree(port) {
  return (await isFreeAt("127.0.0.1", port)) && (await isFreeAt("::1", port));
}

function isFreeAt(host, port) {
  return new Promise((resolve) => {
    const probe = createServer();
    // Any other error says that this machine has no such address.
    probe.once("error", ({ code }) => resolve(code !== "EADDRINUSE" && code !== "EACCES"));
    probe.listen({ host, port, ipv6Only: true }, () => probe.close(() => resolve(true)));
  });
}

function serve(port) {
  const log = join(root, "target", `companion${suffix(port)}.log`);
  const child = spawn(program, ["serve", "--demo"], {
    cwd: root,
    // Its one line for people, the link, goes to the terminal; a line for each request to a file.
    stdio: ["ignore", "inherit", openSync(log, "w", 0o600)],
    env: settings(port),
  });
  ok(`companion on port ${port}; Ctrl-C stops it; its log: ${log}`);
  const again = port === PORT ? "npm run link" : `npm run link ${port}`;
  ok(`the link below works once, for ten minutes; \`${again}\` prints another`);
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
