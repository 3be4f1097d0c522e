// `keyseal/frame`: a vault in an iframe from another origin, so that no script of the page around it touches a key.

export { vaultBeside } from "./beside.js";
export type { FrameConfig } from "./config.js";
export { frameConfig } from "./config.js";
export type { FrameOptions } from "./frame.js";
export { Frame } from "./frame.js";
export type { FramedVaultOptions } from "./framed-vault.js";
export { FramedVault } from "./framed-vault.js";
export type { FrameState, FrameView } from "./messages.js";
