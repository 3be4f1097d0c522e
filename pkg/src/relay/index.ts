import { KeysealError } from "../errors.js";
import type { WasmSource } from "../loader/init.js";
import { fitRelay, type Relay } from "../vault/relay-door.js";
import { Requests } from "./requests.js";
import { Session } from "./session.js";
import { type Starter, start } from "./start.js";

export type { WasmSource } from "../loader/init.js";
export type { Relay } from "../vault/relay-door.js";

/** How the relay runs; nothing of it is needed where a bundler follows `new URL(…, import.meta.url)`. */
export interface RelayOptions {
  /** Where its wasm lies, for builds that do not let the package find its own file. */
  wasm?: WasmSource;
  /**
   * Whether it runs in a worker (the default, where the page can have one), and where the worker's file lies. With
   * false it runs in the page.
   */
  worker?: boolean | URL | string;
  /**
   * Root certificates (DER) of an organisation's own, for entries with a custom host. A provider of the catalogue is
   * never trusted by them.
   */
  roots?: readonly Uint8Array[];
}

/**
 * The blind relay: with it, requests under browser-only keys go in TLS from this browser to the provider, and the
 * companion passes on bytes that it cannot read. Nothing is loaded before the first of them.
 *
 * @example
 * const vault = await Vault.open({
 *   companion: "https://keys.example.com",
 *   token: () => session.jwt,
 *   relay: relay(), // import { relay } from "keyseal/relay"
 * });
 */
export function relay(options: RelayOptions = {}): Relay {
  const { wasm, worker = true, roots = [] } = options;
  if (!Array.isArray(roots) || !roots.every((root) => root instanceof Uint8Array)) {
    throw new KeysealError("validation", "Root certificates are bytes.", {
      next: "Pass each as a Uint8Array with its DER encoding.",
    });
  }
  const copies = roots.map((root) => root.slice());
  const begin: Starter = (setting, hear) => start({ wasm, worker }, setting, hear);
  return fitRelay((parts) => new Requests(parts, (own) => new Session(own, begin, copies)));
}
