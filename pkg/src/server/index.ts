// For back ends: no wasm, no state, nothing but addresses and headers.

import { noProvider } from "../errors.js";
import { addressOf } from "../vault/companion.js";
import { baseOf, type Flavour } from "../vault/options.js";
import { BASE_PATHS } from "./base-paths.js";

export { KeysealError } from "../errors.js";
export type { Flavour } from "../vault/options.js";

/** What a back end knows of a request that it makes for a user. */
export interface CompanionOptions {
  /** The companion's address. */
  companion: string;
  /** The user's token for the companion. */
  token: string;
  provider: string;
  /**
   * For a browser-only key: what the page got from `vault.headersFor` for exactly this request, under this token.
   * A synced key needs none.
   */
  envelope?: Readonly<Record<string, string>>;
  /** `sdk` (the default) for the provider's own npm SDK, `ai-sdk` for a provider of the Vercel AI SDK. */
  flavour?: Flavour;
}

/** What SDKs take in their constructors, on a server. */
export interface CompanionSdkOptions {
  baseURL: string;
  /** The user's token: the companion takes it where SDKs put a key. */
  apiKey: string;
  defaultHeaders?: Record<string, string>;
  headers?: Record<string, string>;
}

/**
 * Options for an SDK that runs on a server and uses a user's key through the companion.
 *
 * @example
 * import OpenAI from "openai";
 * import { companionOptions } from "keyseal/server";
 *
 * const openai = new OpenAI(
 *   companionOptions({ companion: "https://keys.example.com", token, provider: "openai" }),
 * );
 * const answer = await openai.chat.completions.create({ model, messages });
 */
export function companionOptions(options: CompanionOptions): CompanionSdkOptions {
  const { companion, token, provider, envelope = {}, flavour = "sdk" } = options;
  const basePath = Object.hasOwn(BASE_PATHS, provider) ? BASE_PATHS[provider] : undefined;
  if (basePath === undefined) {
    throw noProvider(provider, "The ids stand in the companion's /api/v1/providers.");
  }
  const { origin, prefix } = addressOf(companion);
  const baseURL = baseOf(`${origin}${prefix}`, provider, basePath, flavour);
  const sealed = Object.entries(envelope).filter(([name]) => /^keyseal-/i.test(name));
  if (sealed.length === 0) return { baseURL, apiKey: token };
  const headers = Object.fromEntries(sealed);
  return { baseURL, apiKey: token, [flavour === "sdk" ? "defaultHeaders" : "headers"]: headers };
}
