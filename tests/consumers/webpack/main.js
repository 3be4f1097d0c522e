import * as keyseal from "keyseal";
import { relay } from "keyseal/relay";
import { run } from "./use.js";

run(keyseal, relay());
