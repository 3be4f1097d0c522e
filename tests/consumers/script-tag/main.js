import * as keyseal from "./keyseal/dist/index.js";
import { run } from "./use.js";

run(keyseal);
