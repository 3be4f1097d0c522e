// The provider of the relay's benchmark, in a process of its own: after any first bytes it does what
// the line says that follows them. What a TLS session would hold does not matter to who passes it.

import { createServer } from "node:net";

const PIECE = Buffer.alloc(64 * 1024, 0x17);
const EVENT = 200;
const EVERY_MS = 4;

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  let seen = Buffer.alloc(0);
  socket.on("data", function command(bytes) {
    seen = Buffer.concat([seen, bytes]);
    const wanted = /\nDO (down|up|events)\n/.exec(seen.toString("latin1"))?.[1];
    if (!wanted) return;
    socket.off("data", command);
    if (wanted === "down") send(socket);
    if (wanted === "up") socket.on("data", () => {});
    if (wanted === "events") events(socket);
  });
});

/** As fast as it is taken. */
function send(socket) {
  const more = () => {
    while (!socket.destroyed && socket.write(PIECE));
  };
  socket.on("drain", more);
  more();
}

/** Small pieces, each with the time at which it left. */
function events(socket) {
  const timer = setInterval(() => {
    const piece = Buffer.alloc(EVENT, 0x17);
    piece.writeBigUInt64LE(process.hrtime.bigint());
    socket.write(piece);
  }, EVERY_MS);
  socket.on("close", () => clearInterval(timer));
}

server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port, event: EVENT }));
