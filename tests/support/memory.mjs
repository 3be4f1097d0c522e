// What another process of this machine has in its memory, as its kernel shows it to root.

import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const PIECE = 4 * 1024 * 1024;

/** Why a process' memory cannot be read here; empty where it can. */
export function whyUnreadable(pid) {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, "r"));
    readFileSync(`/proc/${pid}/maps`);
    return "";
  } catch (error) {
    return `${error.code}: an undumpable process is read only by root with CAP_SYS_PTRACE`;
  }
}

/**
 * How often each text (bytes) stands in the memory that a process may write to.
 *
 * @param {number | undefined} pid
 * @param {Buffer[]} texts
 * @returns {number[]}
 */
export function countInMemory(pid, texts) {
  const counts = texts.map(() => 0);
  // What lies over the border of two pieces is found in the second.
  const overlap = Math.max(...texts.map((text) => text.length)) - 1;
  const bytes = Buffer.alloc(overlap + PIECE);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    for (const [from, to] of writable(pid)) {
      let kept = 0;
      for (let at = from; at < to; at += PIECE) {
        const read = readAt(memory, bytes, kept, Math.min(PIECE, to - at), at);
        const here = bytes.subarray(0, kept + read);
        for (const [number, text] of texts.entries()) {
          // Of what was kept only the end is new to this text.
          let found = here.indexOf(text, Math.max(0, kept - text.length + 1));
          for (; found >= 0; found = here.indexOf(text, found + 1)) counts[number] += 1;
        }
        kept = Math.min(overlap, here.length);
        here.copy(bytes, 0, here.length - kept);
      }
    }
  } finally {
    closeSync(memory);
  }
  return counts;
}

function writable(pid) {
  const lines = readFileSync(`/proc/${pid}/maps`, "utf8").trim().split("\n");
  return lines
    .filter((line) => / rw/.test(line))
    .map((line) => line.split(/[- ]/, 2).map((hex) => Number.parseInt(hex, 16)));
}

/** Pages that nobody ever used, or that went meanwhile, hold nothing. */
function readAt(memory, bytes, offset, length, at) {
  try {
    return readSync(memory, bytes, offset, length, at);
  } catch {
    return 0;
  }
}
