import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import { Companion } from "./companion.mjs";

/**
 * A companion for users of an app with tokens of its own, and a way to call it as one of them.
 * `secret` is what the app's server signs them with.
 */
export async function companionForUsers(options) {
  const companion = new Companion(options);
  const secret = randomBytes(32).toString("hex");
  const secretFile = join(companion.folder, "hs256");
  await writeFile(secretFile, secret, { mode: 0o600 });
  companion.env = {
    ...companion.env,
    KEYSEAL__AUTH__MODE: "jwt",
    KEYSEAL__AUTH__ISSUER: "https://id.example.com",
    KEYSEAL__AUTH__AUDIENCE: "keyseal",
    KEYSEAL__AUTH__HS256_SECRET_FILE: secretFile,
  };
  await companion.start();

  const tokenFor = (sub) =>
    new SignJWT({ sub })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer("https://id.example.com")
      .setAudience("keyseal")
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(secret));

  async function call(token, method, path, body, headers = {}) {
    const answer = await fetch(companion.url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) };
  }

  return { companion, secret, tokenFor, call };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a demo key is sent for: one short answer, which names the key's last four characters. */
export const chat = {
  model: "demo",
  messages: [{ role: "user", content: "Which key did you see?" }],
};
export const chatPath = "/forward/demo/v1/chat/completions";
