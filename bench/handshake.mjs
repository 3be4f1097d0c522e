// How long the relay's wasm takes for a TLS handshake: with a server of Node's in the same process,
// over loopback, so that what is measured is computing on both sides and next to no way between them.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../scripts/lib/paths.mjs";
import { entryId, rsaPair, wellKnownOf } from "../tests/support/jose.mjs";
import { makeCertificates, serveTls } from "../tests/support/tls.mjs";
import { median, short } from "./table.mjs";

const issuer = "https://keys.example.com";
const HANDSHAKES = 50;

export async function measure({ rounds, skip }) {
  const wasm = await readFile(join(root, "pkg/dist/relay-wasm/keyseal_relay_bg.wasm"));
  if (wasm.length === 0) {
    skip("the relay was not built (it takes clang)");
    return [];
  }
  const relay = await imported("relay-wasm/keyseal_relay.js");
  await relay.default({ module_or_path: wasm });
  const certificates = makeCertificates();
  const provider = await serveTls(certificates, (_, response) => response.end());
  try {
    const { keys, entry } = await granted(relay, provider.host);
    const open = () =>
      new relay.RelayConnection(keys, "openai", entry, [new Uint8Array(certificates.rootDer)]);
    const times = { whole: [], wasm: [] };
    for (let at = -10; at < rounds * HANDSHAKES; at += 1) {
      const { whole, wasm } = await handshake(open, provider.server.address().port);
      if (at < 0) continue; // the first ones warm up
      times.whole.push(whole);
      times.wasm.push(wasm);
    }
    keys.free();
    return [
      {
        what: "relay: TLS handshake in wasm, loopback",
        value: `${short(median(times.whole))} ms`,
        beside: `of that in the wasm ${short(median(times.wasm))} ms; the rest is the server's`,
        goal: "≤ 15 ms",
      },
    ];
  } finally {
    await provider.close();
    certificates.remove();
  }
}

const imported = (file) => import(pathToFileURL(join(root, "pkg/dist", file)));

/** The relay's keys to one entry of a vault in memory. */
async function granted(relay, host) {
  const { core } = await imported("loader/init.js");
  const { VaultCore } = await core();
  const vault = await VaultCore.open({ issuer, sub: "bench", memory: true });
  const [identity, current] = [await rsaPair("sig", "PS256"), await rsaPair("enc", "RSA-OAEP-256")];
  vault.acceptKeyset(await wellKnownOf({ issuer, identity, current }), undefined);
  const entry = entryId();
  await vault.addBrowser(`sk-proj-${"x".repeat(48)}`, { rid: entry, provider: "openai", host });
  return { keys: await relay.RelayKeys.accept(await vault.relayGrant([entry])), entry };
}

/** One, in milliseconds: from the first byte that is made until requests are taken, and what of it was in the wasm. */
async function handshake(open, port) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  let wasm = 0;
  const timed = (work) => {
    const from = performance.now();
    const result = work();
    wasm += performance.now() - from;
    return result;
  };
  const began = performance.now();
  const connection = timed(open);
  const send = () => {
    for (;;) {
      const bytes = timed(() => connection.outgoing());
      if (!bytes) return;
      socket.write(bytes);
    }
  };
  send();
  while (connection.state === "handshaking") {
    const [bytes] = await once(socket, "data");
    timed(() => connection.receive(bytes));
    send();
  }
  const whole = performance.now() - began;
  connection.free();
  socket.destroy();
  return { whole, wasm };
}
