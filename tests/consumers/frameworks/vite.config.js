import { compile } from "svelte/compiler";

/** Svelte's own compiler, without more around it. React and Vue need no plugin here. */
const svelte = {
  name: "svelte",
  transform(source, id) {
    if (!id.endsWith(".svelte")) return undefined;
    const { js } = compile(source, { filename: id, generate: "client", dev: false });
    return { code: js.code, map: js.map };
  },
};

export default { plugins: [svelte] };
