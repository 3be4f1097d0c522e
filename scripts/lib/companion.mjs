// The companion that `npm start` runs: where it listens, and where its folders lie.
import { join } from "node:path";
import { built, root } from "./paths.mjs";

export const PORT = 8787;

export const program = built("release", "keyseal-server");

/** Companions at other ports have folders of their own: identity and users' keys belong to an address. */
export const suffix = (port) => (port === PORT ? "" : `-${port}`);

/** By the environment; what the person has set there counts more. */
export function settings(port) {
  return {
    KEYSEAL__LISTEN: `127.0.0.1:${port}`,
    // By name: browsers make no passkey for a page whose address is a number.
    KEYSEAL__PUBLIC_URL: `http://localhost:${port}`,
    KEYSEAL__PAGE_DIR: join(root, "www", "dist"),
    KEYSEAL__DATA_DIR: join(root, `keyseal-data${suffix(port)}`),
    KEYSEAL__KEYS_DIR: join(root, `keyseal-keys${suffix(port)}`),
    KEYSEAL__AUTH__MODE: "local",
    ...process.env,
  };
}
