import * as keyseal from "keyseal/inline";
import { run } from "./use.js";

run(keyseal);
