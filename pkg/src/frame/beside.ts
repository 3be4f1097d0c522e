import { KeysealError } from "../errors.js";
import { fitInside, type Inside } from "../vault/inside.js";
import type { Vault } from "../vault/vault.js";
import type { Frame } from "./frame.js";

/**
 * The vault of a frame that runs in another window of this very origin, as a list of keys here can use it. It stays
 * where it is, with its storage: browsers give a frame inside a page other storage than the same address in a window.
 * Ways to unlock it, and exports, are not lent.
 *
 * @example
 * store.vault = vaultBeside(opener.keysealFrame, opener);
 */
export function vaultBeside(frame: Frame, realm: typeof globalThis): Vault | undefined {
  if (!frame.vault) return undefined;
  const vault = across(frame.vault, realm);
  const refused = () => Promise.reject(notHere());
  fitInside(vault, new Proxy({} as Inside, { get: () => refused }));
  return vault;
}

function notHere(): KeysealError {
  return new KeysealError("frame_only", "This is done in the frame, not in its window.", {
    next: "Go back to the app's page for it.",
  });
}

function across<T extends object>(object: T, realm: typeof globalThis): T {
  return new Proxy(object, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => call(target, value as Method, given, realm);
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

type Method = (...given: unknown[]) => unknown;

function call(target: object, method: Method, given: unknown[], realm: typeof globalThis): unknown {
  // The other window's wasm knows its own kind of bytes only; these here are wiped as the vault would.
  const passed = given.map((it) => (it instanceof Uint8Array ? realm.Uint8Array.from(it) : it));
  for (const it of given) if (it instanceof Uint8Array) it.fill(0);
  try {
    const result = Reflect.apply(method, target, passed);
    if (!(result instanceof realm.Promise)) return result;
    return Promise.resolve(result).catch((error: unknown) => Promise.reject(here(error)));
  } catch (error) {
    throw here(error);
  }
}

/** An error of the other window is none of this one's classes. */
function here(error: unknown): KeysealError {
  const { code, message, next, status, alternatives } = Object(error) as Partial<KeysealError>;
  return new KeysealError(code ?? "unexpected", message ?? String(error), {
    next,
    status,
    alternatives: [...(alternatives ?? [])],
  });
}
