import { KeysealError } from "../errors.js";

/** `sdk`: the provider's own npm SDK. `ai-sdk`: a provider of the Vercel AI SDK (`@ai-sdk/…`). */
export type Flavour = "sdk" | "ai-sdk";

/** What provider SDKs take in their constructors. */
export interface SdkOptions {
  /** The provider's API through the companion. */
  baseURL: string;
  /** Not a key: SDKs insist on one, and `fetch` replaces it. */
  apiKey: string;
  /** The vault's own: it adds identity and key. */
  fetch: typeof fetch;
  /** The SDKs refuse to run in a browser because a key would lie there; here none does. */
  dangerouslyAllowBrowser?: true;
}

/** Stands where SDKs want a key; it never leaves the page. */
const PLACEHOLDER = "kept-by-keyseal";

/** SDKs that add the version to the path themselves; for these the base URL must end before it. */
const SDK_ADDS_BASE_PATH: ReadonlySet<string> = new Set(["anthropic"]);

/** The base URL that an SDK of this flavour wants for a provider. */
export function baseOf(
  companion: string,
  provider: string,
  basePath: string,
  flavour: Flavour,
): string {
  if (flavour !== "sdk" && flavour !== "ai-sdk") {
    throw new KeysealError("validation", "This flavour of SDK is not known.", {
      next: 'Use "sdk" (or nothing), or "ai-sdk".',
    });
  }
  const path = flavour === "sdk" && SDK_ADDS_BASE_PATH.has(provider) ? "" : basePath;
  return `${companion}/forward/${encodeURIComponent(provider)}${path}`;
}

/** What an SDK of this flavour takes in its constructor. */
export function sdkOptions(
  baseURL: string,
  flavour: Flavour,
  fetch: typeof globalThis.fetch,
): SdkOptions {
  const options: SdkOptions = { baseURL, apiKey: PLACEHOLDER, fetch };
  return flavour === "sdk" ? { ...options, dangerouslyAllowBrowser: true } : options;
}
