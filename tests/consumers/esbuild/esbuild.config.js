export default {
  entryPoints: ["main.js", "inline.js"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  minify: true,
  loader: { ".wasm": "file" },
};
