export default {
  entryPoints: {
    main: "main.js",
    inline: "inline.js",
    relay: "relay.js",
    "relay-worker": "keyseal/relay-worker.js",
  },
  outdir: "dist",
  bundle: true,
  format: "esm",
  minify: true,
  loader: { ".wasm": "file" },
};
