import type { Plugin } from "vite";

/** Asks for the vault's wasm as soon as the document is there, and not only when the script that needs it runs. */
export function preloadWasm(): Plugin {
  let base = "/";
  return {
    name: "preload-wasm",
    apply: "build",
    configResolved(config) {
      base = config.base;
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle = {} }) {
        const file = Object.keys(bundle).find((name) => /\/keyseal_bg-[^/]*\.wasm$/.test(name));
        if (!file) throw new Error("the vault's wasm is not among the built files");
        const attrs = {
          rel: "preload",
          as: "fetch",
          type: "application/wasm",
          // As `fetch` asks by itself, or the browser would ask twice.
          crossorigin: "anonymous",
          // The script draws the first view without it.
          fetchpriority: "low",
          href: base + file,
        };
        return [{ tag: "link", attrs, injectTo: "head" }];
      },
    },
  };
}
