import * as keyseal from "keyseal";
import { use } from "./use.js";

console.log(JSON.stringify(await use(keyseal, JSON.parse(process.argv[2]))));
