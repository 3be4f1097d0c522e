import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { preloadWasm } from "../preload-wasm.js";

/**
 * The isolated frame, as a folder of its own: the companion serves it at `/frame/`, and any static server at any path
 * of another origin.
 */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [preloadWasm()],
  publicDir: "../public",
  build: {
    outDir: "../dist/frame",
    emptyOutDir: true,
    target: "es2022",
    // light-dark() stays as it is written; the frame needs it anyway.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The frame's policy allows no data: addresses and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
