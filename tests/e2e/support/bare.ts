import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../../pkg/dist/", import.meta.url));

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/**
 * An empty page on localhost, a secure context, with the built package's files below `/dist/`; `script` runs in it
 * before anything else.
 */
export async function barePage(script = "", host = "localhost") {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = join(dist, normalize(pathname.replace(/^\/dist\//, "")));
    if (pathname.startsWith("/dist/") && file.startsWith(dist) && existsSync(file)) {
      const type = TYPES[extname(file)] ?? "text/plain";
      response.writeHead(200, { "content-type": type }).end(await readFile(file));
    } else if (pathname === "/") {
      response
        .writeHead(200, { "content-type": "text/html" })
        .end(
          `<!doctype html><title>bare</title><link rel="icon" href="data:,"><script>${script}</script>`,
        );
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://${host}:${address.port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
