import { KeysealError } from "../errors.js";

/** `sdk`: the provider's own npm SDK. `ai-sdk`: a provider of the Vercel AI SDK (`@ai-sdk/…`). */
export type Flavour = "sdk" | "ai-sdk";

/** What provider SDKs take in their constructors. */
export interface SdkOptions {
  baseURL: string;
  /** Not a key: SDKs insist on one, and `fetch` replaces it. */
  apiKey: string;
  fetch: typeof fetch;
  /** The SDKs refuse to run in a browser because a key would lie there; here none does. */
  dangerouslyAllowBrowser?: true;
}

/** Stands where SDKs want a key; it never leaves the page. */
export const PLACEHOLDER = "kept-by-keyseal";

/** SDKs that add the version to the path themselves; for these the base URL must end before it. */
const SDK_ADDS_BASE_PATH: ReadonlySet<string> = new Set(["anthropic"]);

export function sdkOptions(
  flavour: Flavour,
  provider: string,
  base: { root: string; basePath: string },
  fetch: typeof globalThis.fetch,
): SdkOptions {
  if (flavour === "ai-sdk")
    return { baseURL: base.root + base.basePath, apiKey: PLACEHOLDER, fetch };
  if (flavour !== "sdk") {
    throw new KeysealError("validation", `Unknown flavour of SDK: ${String(flavour)}`, {
      next: 'Use "sdk" (or nothing), or "ai-sdk".',
    });
  }
  const basePath = SDK_ADDS_BASE_PATH.has(provider) ? "" : base.basePath;
  return {
    baseURL: base.root + basePath,
    apiKey: PLACEHOLDER,
    fetch,
    dangerouslyAllowBrowser: true,
  };
}
