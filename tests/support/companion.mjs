// The real companion, in a folder of its own, as the tests and benchmarks start it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** The binary that `npm test` built; by hand: the one of `cargo build`. */
export const binary =
  process.env.KEYSEAL_SERVER ??
  join(resolve(root, process.env.CARGO_TARGET_DIR ?? "target"), "debug", "keyseal-server");

export const page = join(root, "www", "dist");

/**
 * A companion's folders, and the process in them. It can be stopped and started again over the
 * same data.
 */
export class Companion {
  /** All that it printed, over all its starts. */
  stdout = "";
  stderr = "";
  #child;

  /**
   * @param {object} options
   * @param {Record<string, string>} [options.env] settings, as `KEYSEAL__…`
   * @param {number} [options.publicPort] where the browser finds it, when a proxy is in between
   * @param {number} [options.port] where it listens; a free port if not named
   * @param {string[]} [options.args]
   * @param {string} [options.program] another build than that of the tests
   * @param {boolean} [options.quiet] leave its log unread, where reading it would cost too much
   */
  constructor(options = {}) {
    const {
      env = {},
      port,
      publicPort,
      args = ["--demo"],
      program = binary,
      quiet = false,
    } = options;
    this.folder = mkdtempSync(join(tmpdir(), "keyseal-companion-"));
    this.dataDir = join(this.folder, "data");
    this.keysDir = join(this.folder, "keys");
    this.env = env;
    this.args = args;
    this.program = program;
    this.quiet = quiet;
    this.port = port;
    this.publicPort = publicPort;
  }

  get url() {
    return `http://127.0.0.1:${this.publicPort ?? this.port}`;
  }

  /** Starts it, and waits until it answers. */
  async start() {
    mkdirSync(this.dataDir, { recursive: true });
    this.port ??= await freePort();
    const child = spawn(this.program, ["serve", ...this.args], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...this.settings() },
      stdio: ["ignore", "pipe", this.quiet ? "ignore" : "pipe"],
    });
    this.#child = child;
    // Whatever ends the tests, it does not outlive them.
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    const failed = new Promise((_, reject) => {
      child.on("error", reject);
      child.on("exit", (code) =>
        reject(new Error(`it ended with ${code}:\n${this.stderr.slice(-2000)}`)),
      );
    });
    failed.catch(() => {});
    try {
      await Promise.race([this.#ready(), failed]);
    } catch (error) {
      await this.stop("SIGKILL");
      throw error;
    }
    return this;
  }

  /** What it is started with, for `keyseal-server token` and the like too. */
  settings() {
    return {
      KEYSEAL__LISTEN: `127.0.0.1:${this.port}`,
      KEYSEAL__PUBLIC_URL: this.url,
      KEYSEAL__DATA_DIR: this.dataDir,
      KEYSEAL__KEYS_DIR: this.keysDir,
      KEYSEAL__PAGE_DIR: page,
      KEYSEAL__AUTH__MODE: "local",
      ...this.env,
    };
  }

  async #ready() {
    for (let tries = 0; tries < 600; tries += 1) {
      // By its public address: in local mode it answers under no other name.
      const answer = await fetch(`${this.url}/healthz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the companion did not answer:\n${this.stderr.slice(-2000)}`);
  }

  /** The page's address with its one-time code, as printed at the last start. */
  async link() {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = [...this.stdout.matchAll(/Open (http:\S+#link=\S+)/g)].at(-1);
      if (found?.[1]) return found[1];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no link was printed:\n${this.stdout}`);
  }

  get pid() {
    return this.#child?.pid;
  }

  async stop(signal = "SIGTERM") {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    // A stream that is still open must not keep a test waiting.
    const last = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(last);
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
