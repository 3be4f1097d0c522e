import { defineConfig } from "vite";
import { preloadWasm } from "./preload-wasm.js";

/**
 * In development the page is served by Vite; what belongs to the companion goes on to it. A companion answers only for
 * its own address: start it with KEYSEAL__PUBLIC_URL set to the one that Vite prints.
 */
const companion = process.env.KEYSEAL_COMPANION ?? "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [preloadWasm()],
  build: {
    target: "es2022",
    // light-dark() stays as it is written; the page needs it anyway.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The page's policy allows no data: addresses and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  optimizeDeps: { exclude: ["keyseal"] },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/forward", "/v1", "/.well-known"].map((path) => [path, companion]),
    ),
  },
});
