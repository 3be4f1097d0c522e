import * as keyseal from "./keyseal/dist/inline.js";
import { run } from "./use.js";

run(keyseal);
