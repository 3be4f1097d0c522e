import type { Frame } from "keyseal/frame";

declare global {
  interface Window {
    /** For the frame's own window alone: no other origin reads it. */
    keysealFrame?: Frame;
  }
}

/** The frame that opened this window, and the globals that it lives among. */
export interface Opener {
  frame: Frame;
  realm: typeof globalThis;
  gone(): boolean;
}

/** A window of the frame's own, with an address bar: whoever doubts the frame sees there where they paste. */
export function openOwnWindow(frame: Frame): boolean {
  window.keysealFrame = frame;
  return window.open(location.pathname, "_blank", "popup,width=560,height=760") !== null;
}

/** The frame that opened this window, if one of this very origin did. */
export function besideOpener(): Opener | undefined {
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
