// A TCP proxy that writes down every byte in both directions.

import { connect, createServer } from "node:net";

/** Listens on a free port of this machine, passing everything on to the given port. */
export async function recordingProxy(targetPort) {
  const chunks = [];
  const sockets = new Set();
  let port = targetPort;
  const server = createServer((page) => {
    const upstream = connect(port, "127.0.0.1");
    link(page, upstream);
    link(upstream, page);
  });

  // One buffer for each direction of each connection, so that nothing is torn apart by the other.
  function link(from, to) {
    const record = [];
    chunks.push(record);
    sockets.add(from);
    from.on("data", (data) => {
      record.push(data);
      to.write(data);
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => sockets.delete(from));
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    /** Where connections go from now on. */
    aimAt(newPort) {
      port = newPort;
    },
    /** All bytes so far, as sent and with the framing of chunked bodies taken out. */
    traffic() {
      const streams = chunks.map((record) => Buffer.concat(record));
      return Buffer.concat(streams.flatMap((stream) => [stream, unchunked(stream)]));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A text that was cut in two by a chunk's border is whole again without it. */
export function unchunked(stream) {
  return Buffer.from(stream.toString("latin1").replace(/\r\n[0-9a-f]+\r\n/gi, ""), "latin1");
}
