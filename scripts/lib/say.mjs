// One line per step, so that somebody who runs this for the first time sees what happens.

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export const ok = (text) => console.log(`${paint(32, "✓")} ${text}`);
export const busy = (text) => console.log(`${paint(36, "…")} ${text}`);
export const warn = (text) => console.log(`${paint(33, "!")} ${text}`);
export const title = (text) => console.log(`\n${paint(1, `— ${text}`)}`);

/** A failure that the person can mend: printed as it is, with no stack. */
export class Plain extends Error {}

/** Runs a script's main function; ends the process with a plain message when it fails. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    const text = error instanceof Plain ? error.message : (error.stack ?? String(error));
    console.error(`${paint(31, "✗")} ${text}`);
    process.exitCode = 1;
  }
}
