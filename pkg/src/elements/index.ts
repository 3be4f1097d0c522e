/**
 * `keyseal/elements`: the Secure Store as custom elements. Importing registers them, where there are elements.
 */
import type { ActivityView } from "./activity/activity-view.js";
import type { KeysealEventMap } from "./events.js";
import type { KeysealInput } from "./input.js";
import type { SecurityView } from "./security/security-view.js";
import type { KeysealStore } from "./store.js";
import type { UsageView } from "./usage/usage-view.js";

export { ActivityView } from "./activity/activity-view.js";
export type { Changed, KeysealEvent, KeysealEventDetails, KeysealEventMap } from "./events.js";
export { KeysealInput } from "./input.js";
export type { KeysealIntrinsicElements, KeysealProps } from "./jsx.js";
export { SecurityView } from "./security/security-view.js";
export { KeysealStore, type StoreView } from "./store.js";
export { UsageView } from "./usage/usage-view.js";

declare global {
  interface HTMLElementTagNameMap {
    "keyseal-store": KeysealStore;
    "keyseal-input": KeysealInput;
    "keyseal-usage": UsageView;
    "keyseal-security": SecurityView;
    "keyseal-activity": ActivityView;
  }

  interface HTMLElementEventMap extends KeysealEventMap {}
}
