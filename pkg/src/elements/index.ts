// `keyseal/elements`: the Secure Store as custom elements. Importing registers them, where there are elements.

export { ActivityView } from "./activity/activity-view.js";
export { AddDialog } from "./add/add-dialog.js";
export { KeysView } from "./keys/keys-view.js";
export { Unlock } from "./lock/unlock.js";
export { SecurityView } from "./security/security-view.js";
export { UsageView } from "./usage/usage-view.js";
