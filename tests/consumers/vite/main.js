import * as keyseal from "keyseal";
import { run } from "./use.js";

run(keyseal);
