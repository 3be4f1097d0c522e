import { spawn, spawnSync } from "node:child_process";
import { root } from "./paths.mjs";
import { Plain } from "./say.mjs";

// Programs that only exist as .cmd files on Windows are found through the shell there.
const shell = process.platform === "win32";

/** Runs a program with its output on ours; throws when it fails. */
export async function run(command, args, options = {}) {
  const { code, signal } = await finished(
    spawn(command, args, { cwd: root, stdio: "inherit", shell, ...options }),
    command,
  );
  if (code !== 0) {
    throw new Plain(`${command} ${args.join(" ")} ended with ${signal ?? `exit code ${code}`}`);
  }
}

/** Runs a program, passes its output on as it comes, and also gives it back. */
export async function tee(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    shell,
    ...options,
  });
  let output = "";
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.setEncoding("utf8");
    from.on("data", (text) => {
      output += text;
      to.write(text);
    });
  }
  return { ...(await finished(child, command)), output };
}

/** The trimmed output of a short command, or null when it is missing or fails. */
export function capture(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    shell,
    maxBuffer: 64 << 20,
    ...options,
  });
  return status === 0 ? stdout.trim() : null;
}

function finished(child, command) {
  return new Promise((resolve, reject) => {
    child.on("error", (error) =>
      reject(error.code === "ENOENT" ? new Plain(`${command} was not found`) : error),
    );
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
}
