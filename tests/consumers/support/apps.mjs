// Throw-away apps: each a copy of a folder beside this one, all in one folder that has the bundlers
// and the packed package installed.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packInto, root } from "./pack.mjs";

const sources = join(root, "tests/consumers");

export class Apps {
  folder = mkdtempSync(join(tmpdir(), "keyseal-consumers-"));
  #running = [];

  /** Installs what the apps need: their own lockfile's packages, and the tarball. */
  constructor() {
    for (const file of ["package.json", "package-lock.json"]) {
      cpSync(join(sources, file), join(this.folder, file));
    }
    cpSync(join(root, ".npmrc"), join(this.folder, ".npmrc"));
    const ci = ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", ci, { cwd: this.folder, stdio: ["ignore", "ignore", "inherit"] });
    packInto(this.folder);
  }

  /** A copy of the app of that name, as `as`; its folder. */
  copy(name, as = name) {
    const folder = join(this.folder, as);
    cpSync(join(sources, name), folder, { recursive: true });
    if (name !== "next") cpSync(join(sources, "shared/use.js"), join(folder, "use.js"));
    return folder;
  }

  /** A package as the apps have it. */
  async load(name) {
    const path = createRequire(join(this.folder, "package.json")).resolve(name);
    return import(pathToFileURL(path));
  }

  /** The configuration of an app, written by a person for its bundler. */
  async config(folder, name) {
    return (await import(pathToFileURL(join(folder, name)))).default;
  }

  /** Runs a program of an installed package to its end; throws with its output if it fails. */
  program(script, args, cwd, env = {}) {
    execFileSync(process.execPath, [join(this.folder, "node_modules", script), ...args], {
      cwd,
      env: { ...process.env, ...env },
      encoding: "utf8",
      stdio: "pipe",
    });
  }

  /** Starts a server of an installed package, and waits until it answers. */
  async serve(script, args, { cwd, env, url }) {
    const path = join(this.folder, "node_modules", script);
    const child = spawn(process.execPath, [path, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    this.#running.push(child);
    let said = "";
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding("utf8").on("data", (text) => {
        said += text;
      });
    }
    for (let tries = 0; tries < 600; tries += 1) {
      if (child.exitCode !== null) break;
      if ((await fetch(url).catch(() => null))?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${script} does not answer:\n${said.slice(-3000)}`);
  }

  async remove() {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}
