// A web server for built apps: files of a folder, with headers of one's choice.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/**
 * Serves `folder` on a port of this machine with these headers, and `more` files by their path. What is posted to it is
 * kept as `reports`.
 */
export async function serveFolder(folder, port, headers = {}, more = {}) {
  const reports = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (request.method === "POST") {
      reports.push(JSON.parse(Buffer.concat(await request.toArray()).toString()));
      response.writeHead(204).end();
      return;
    }
    const path = join(folder, normalize(decodeURIComponent(pathname)));
    try {
      const body = more[pathname] ?? (await readFile(path));
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, ...headers }).end(body);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    reports,
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
