// `keyseal/elements/ui`: what the elements are made of, for a page around them that wants to look alike.

export { ConfirmDialog } from "./confirm-dialog.js";
export { badge, controls, dialogs } from "./controls.js";
export { ago, day, full, hostOf } from "./format.js";
export { icons } from "./icons.js";
export { Later } from "./later.js";
export { Menu, type MenuItem } from "./menu.js";
export { notice, notices } from "./notice.js";
export { tokens } from "./tokens.js";
export { problem, VaultElement } from "./vault-element.js";
