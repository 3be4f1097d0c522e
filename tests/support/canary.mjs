// Looks for a secret in everything that was written down or sent, in the forms in which secrets
// are found in practice. Every search is paired with a control: a text that was put there on
// purpose and must be found, so that a search that looks in the wrong place fails.

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A demo key whose long random part is looked for, so that a part of it is found too. */
export function demoKey() {
  const secret = randomText();
  return { key: `demo-${secret}`, secret };
}

/** Forty random letters and digits: long enough never to occur by chance. */
export function randomText() {
  let text = "";
  while (text.length < 40)
    text += randomBytes(64)
      .toString("base64")
      .replace(/[^A-Za-z0-9]/g, "");
  return text.slice(0, 40);
}

/** How the text may appear, by name of the encoding. */
export function disguises(text) {
  const bytes = Buffer.from(text);
  const found = new Map([
    ["utf-8", bytes],
    ["utf-16le", Buffer.from(text, "utf16le")],
    ["utf-16be", Buffer.from(text, "utf16le").swap16()],
    ["hex", Buffer.from(bytes.toString("hex"))],
    ["hex, upper case", Buffer.from(bytes.toString("hex").toUpperCase())],
  ]);
  // In base64 the same bytes look different at each of three offsets; only the characters that
  // depend on nothing around them are compared.
  for (const encoding of ["base64", "base64url"]) {
    for (const offset of [0, 1, 2]) {
      const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
      const end = Math.floor(whole.length / 3) * 4;
      const start = offset === 0 ? 0 : 4;
      found.set(
        `${encoding}, offset ${offset}`,
        Buffer.from(whole.toString(encoding).slice(start, end)),
      );
    }
  }
  return found;
}

/** The encodings in which the text occurs in the bytes. */
export function findIn(haystack, text) {
  const bytes = Buffer.isBuffer(haystack) ? haystack : Buffer.from(haystack);
  return [...disguises(text)].filter(([, form]) => bytes.includes(form)).map(([name]) => name);
}

/** Every file below a folder that holds the text, with the encodings. */
export function findInFolder(folder, text) {
  return [...filesBelow(folder)].flatMap((file) => {
    const forms = findIn(readFileSync(file), text);
    return forms.length ? [`${file} (${forms.join("; ")})`] : [];
  });
}

function* filesBelow(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    // A browser's profile has sockets and dangling links too.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) yield* filesBelow(path);
    else if (found?.isFile()) yield path;
  }
}
