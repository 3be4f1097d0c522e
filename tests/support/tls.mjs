// A root of the tests' own, a certificate for `localhost` under it, and a provider that speaks TLS with it.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EXTENSIONS = `subjectAltName=DNS:localhost
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
`;

/** Makes them with the openssl program, in a folder that `remove` takes away again. */
export function makeCertificates() {
  const folder = mkdtempSync(join(tmpdir(), "keyseal-tls-"));
  const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const root = ["-x509", "-keyout", "root.key", "-out", "root.pem", "-days", "2"];
  openssl("req", ...key, ...root, "-subj", "/CN=keyseal tests");
  openssl("req", ...key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost");
  writeFileSync(join(folder, "leaf.ext"), EXTENSIONS);
  const by = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"];
  const leaf = ["-in", "leaf.csr", "-out", "leaf.pem", "-days", "1", "-extfile", "leaf.ext"];
  openssl("x509", "-req", ...leaf, ...by);
  return {
    /** For a companion's `ca_file`. */
    rootFile: join(folder, "root.pem"),
    rootDer: openssl("x509", "-in", "root.pem", "-outform", "DER"),
    cert: readFileSync(join(folder, "leaf.pem")),
    key: readFileSync(join(folder, "leaf.key")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Serves `handler` over TLS on a free port of `localhost`. */
export async function serveTls({ cert, key }, handler) {
  const server = createServer({ cert, key }, handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  return {
    server,
    host: `localhost:${port}`,
    url: `https://localhost:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
