// How much memory the companion takes when nothing happens.

import { readFileSync } from "node:fs";
import { built } from "../scripts/lib/paths.mjs";
import { capture } from "../scripts/lib/run.mjs";
import { Companion } from "../tests/support/companion.mjs";

export async function measure() {
  const companion = new Companion({ program: built("release", "keyseal-server"), args: [] });
  try {
    await companion.start();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return [
      {
        what: "memory, idle server",
        value: `${(residentKilobytes(companion.pid) / 1024).toFixed(1)} MB`,
        goal: "≤ 30 MB",
      },
    ];
  } finally {
    await companion.remove();
  }
}

function residentKilobytes(pid) {
  if (process.platform !== "linux") return Number(capture("ps", ["-o", "rss=", "-p", String(pid)]));
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}
