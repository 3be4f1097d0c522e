// The companion that `npm start` runs: where it listens, and where its folders lie.
import { join } from "node:path";
import { built, root } from "./paths.mjs";

export const PORT = 8787;

export const program = built("release", "keyseal-server");

/** Companions at other ports have folders of their own: identity and users' keys belong to an address. */
export const suffix = (port) => (port === PORT ? "" : `-${port}`);

/** By the environment; what the person has set there counts more. */
export function settings(port) {
  const address = `127.0.0.1:${port}`;
  return {
    KEYSEAL__LISTEN: address,
    KEYSEAL__PUBLIC_URL: `http://${address}`,
    KEYSEAL__PAGE_DIR: join(root, "www", "dist"),
    KEYSEAL__DATA_DIR: join(root, `keyseal-data${suffix(port)}`),
    KEYSEAL__KEYS_DIR: join(root, `keyseal-keys${suffix(port)}`),
    KEYSEAL__AUTH__MODE: "local",
    ...process.env,
  };
}
