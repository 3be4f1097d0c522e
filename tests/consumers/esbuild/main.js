import * as keyseal from "keyseal";
import wasm from "keyseal/keyseal.wasm";
import { run } from "./use.js";

// esbuild does not follow `new URL(…, import.meta.url)`: the app says where its copy of the wasm lies.
await keyseal.init(new URL(wasm, import.meta.url));
run(keyseal);
