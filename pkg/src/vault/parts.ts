import type { Core } from "../loader/init.js";
import type { VaultCore } from "../wasm/keyseal.js";
import type { AppNotes } from "./app-notes.js";
import type { Companion } from "./companion.js";
import type { Exclusive } from "./exclusive.js";
import type { Latch } from "./latch.js";
import type { Notes } from "./notes.js";
import type { Offline } from "./offline.js";
import type { Pinned } from "./pinned.js";
import type { Relayed } from "./relayed.js";
import type { Rests } from "./rests.js";
import type { Slots } from "./slots.js";

/** What a vault is made of; each part takes of it what it needs. */
export interface Parts {
  wasm: Core;
  core: VaultCore;
  companion: Companion;
  notes: Notes;
  /** One at a time, over all tabs: whoever reads the vault's records and writes them. */
  exclusive: Exclusive;
  slots: Slots;
  latch: Latch;
  pinned: Pinned;
  relayed: Relayed;
  rests: Rests;
  offline: Offline;
  appNotes: AppNotes;
  /** Told when something of the vault changed. */
  changed(): void;
}
