import { KeysealError } from "../errors.js";
import { isObject } from "./messages.js";

/** What a frame is told by a file of its own origin, and by nothing else. */
export interface FrameConfig {
  /** The companion's address, exactly as it is configured there. */
  companion: string;
  /** Origins whose pages may hold the frame. */
  parents: readonly string[];
}

/**
 * Reads what the frame's own origin says of it. Neither the page that holds the frame nor the frame's address has a
 * say in it.
 *
 * @example
 * const config = frameConfig(await (await fetch("config.json")).json());
 */
export function frameConfig(file: unknown): FrameConfig {
  const { companion, parents } = isObject(file) ? file : {};
  if (typeof companion !== "string" || !isAddress(companion)) {
    throw refused("`companion` must be the companion's address.");
  }
  if (!Array.isArray(parents) || parents.length === 0 || !parents.every(isOrigin)) {
    throw refused("`parents` must list origins, as in https://app.example.com.");
  }
  return Object.freeze({ companion, parents: Object.freeze([...parents]) });
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Written as browsers write it: then equal texts are equal origins. A star would be none's, or, to a policy, all's. */
function isOrigin(text: unknown): text is string {
  if (typeof text !== "string" || text.includes("*")) return false;
  return isAddress(text) && new URL(text).origin === text;
}

function refused(message: string): KeysealError {
  return new KeysealError(
    "frame_misconfigured",
    `The frame's config.json is not right: ${message}`,
    {
      next: "It stands beside the frame's files; the companion makes it of [frame] origins.",
    },
  );
}
