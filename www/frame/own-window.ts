import { KeysealError, type Vault } from "keyseal";
import type { Frame } from "keyseal/frame";

declare global {
  interface Window {
    /** For the frame's own window alone: no other origin reads it. */
    keysealFrame?: Frame;
  }
}

/** A window of the frame's own, with an address bar: whoever doubts the frame sees there where they paste. */
export function openOwnWindow(frame: Frame): boolean {
  window.keysealFrame = frame;
  return window.open(location.pathname, "_blank", "popup,width=560,height=760") !== null;
}

/** The frame that opened this window, if one of this very origin did. */
export function besideOpener():
  | { frame: Frame; realm: typeof globalThis; gone(): boolean }
  | undefined {
  const { opener } = window;
  if (window.parent !== window || !opener) return undefined;
  try {
    const frame = opener.keysealFrame as Frame | undefined;
    return frame && { frame, realm: opener, gone: () => opener.closed || !opener.keysealFrame };
  } catch {
    // Opened by a page of another origin, which is none of ours.
    return undefined;
  }
}

/**
 * The frame's vault, as this window uses it. The vault stays where it is, with its storage: browsers give a frame
 * inside a page other storage than the same address in a window.
 */
export function acrossWindows(vault: Vault, realm: typeof globalThis): Vault {
  return new Proxy(vault, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? call(target, value, realm) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

function call(target: Vault, method: unknown, realm: typeof globalThis) {
  return (...given: unknown[]): unknown => {
    // The other window's wasm knows its own kind of bytes only; these here are wiped as the vault would.
    const passed = given.map((it) => (it instanceof Uint8Array ? realm.Uint8Array.from(it) : it));
    for (const it of given) if (it instanceof Uint8Array) it.fill(0);
    try {
      const result: unknown = Reflect.apply(
        method as (...all: unknown[]) => unknown,
        target,
        passed,
      );
      if (!(result instanceof realm.Promise)) return result;
      return Promise.resolve(result).catch((error: unknown) => Promise.reject(here(error)));
    } catch (error) {
      throw here(error);
    }
  };
}

/** An error of the other window is none of this one's classes. */
function here(error: unknown): KeysealError {
  const { code, message, next, status } = Object(error) as Partial<KeysealError>;
  return new KeysealError(code ?? "unexpected", message ?? String(error), { next, status });
}
