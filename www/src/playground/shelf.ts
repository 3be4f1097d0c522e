import { KeysealError, type Vault } from "keyseal";
import { strings } from "../strings.js";
import { type Conversation, continues, titleOf } from "./conversation.js";
import { type Drawer, type Kept, LastingDrawer, PassingDrawer } from "./drawer.js";

const WORDS = strings.playground;

export interface Listed {
  id: string;
  title: string;
  changedAt: number;
}

/** Conversations of this person in this browser; `unreadable` ones belong to a vault that is gone. */
export interface Listing {
  listed: readonly Listed[];
  unreadable: readonly string[];
}

/**
 * Keeps conversations, sealed under the vault. Dispatches `change` when another tab has written or removed one.
 *
 * Two tabs in one conversation: the last write wins where it holds all that was written before. Where it does not,
 * nothing is written over: whoever comes second goes on in a conversation of its own, and is told so.
 */
export class Shelf extends EventTarget {
  /** False where conversations last as long as the page. */
  readonly lasting: boolean;
  readonly #vault: Vault;
  readonly #drawer: Drawer;
  readonly #channel: BroadcastChannel | undefined;
  /** The revision of each conversation that this tab has read or written. */
  readonly #seen = new Map<string, number>();
  /** Conversations that this tab goes on with under another id. */
  readonly #parted = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(vault: Vault, drawer: Drawer, lasting: boolean, space: string) {
    super();
    this.#vault = vault;
    this.#drawer = drawer;
    this.lasting = lasting;
    if (!lasting) return;
    this.#channel = new BroadcastChannel(`keyseal-playground.${space}`);
    this.#channel.onmessage = () => this.dispatchEvent(new Event("change"));
  }

  static async open(vault: Vault): Promise<Shelf> {
    const space = await spaceOf(`${location.origin}\n${vault.sub}`);
    // A vault that lives in memory takes its key with it: what it sealed would lie there unread for ever.
    if (vault.persistent) {
      try {
        return new Shelf(vault, await LastingDrawer.open(space), true, space);
      } catch {
        // The browser stores nothing: conversations last as long as the page, which says so.
      }
    }
    return new Shelf(vault, new PassingDrawer(), false, space);
  }

  close(): void {
    this.#channel?.close();
  }

  /** The newest first. Throws while the vault is locked. */
  async list(): Promise<Listing> {
    const all = await this.#drawer.all();
    const listed: Listed[] = [];
    const unreadable: string[] = [];
    for (const { id, title, changedAt } of all.sort((a, b) => b.changedAt - a.changedAt)) {
      try {
        listed.push({ id, title: await this.#vault.openNote(titleName(id), title), changedAt });
      } catch (error) {
        if (KeysealError.from(error).code !== "note_damaged") throw error;
        unreadable.push(id);
      }
    }
    return { listed, unreadable };
  }

  /** One conversation; undefined where it has been removed. */
  async read(id: string): Promise<Conversation | undefined> {
    const kept = await this.#drawer.get(id);
    if (!kept) return undefined;
    const conversation = await this.#opened(kept);
    this.#seen.set(id, kept.revision);
    this.#parted.delete(id);
    return conversation;
  }

  /** Writes a conversation. Gives what this tab goes on with: the same, unless another tab has written too. */
  save(conversation: Conversation): Promise<Conversation> {
    return this.#inTurn(async () => {
      const id = this.#parted.get(conversation.id) ?? conversation.id;
      const saved = await this.#save({ ...conversation, id });
      this.#channel?.postMessage(saved.id);
      return saved;
    });
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#drawer.remove(id);
      this.#seen.delete(id);
      this.#channel?.postMessage(id);
    });
  }

  async #save(mine: Conversation): Promise<Conversation> {
    const kept = await this.#drawer.get(mine.id);
    if (kept && kept.revision !== this.#seen.get(mine.id)) {
      const theirs = await this.#readable(kept);
      if (theirs && !continues(mine, theirs)) {
        // Nothing new was said here: then there is nothing to keep.
        return continues(theirs, mine) ? theirs : this.#part(mine);
      }
    }
    const over = kept?.revision ?? 0;
    if (await this.#put({ ...(await this.#sealed(mine)), revision: over + 1 }, over)) {
      this.#seen.set(mine.id, over + 1);
      return mine;
    }
    // Another tab wrote in between: look again.
    this.#seen.delete(mine.id);
    return this.#save(mine);
  }

  async #part(mine: Conversation): Promise<Conversation> {
    const title = WORDS.second(mine.title || titleOf(mine));
    const parted = { ...mine, id: crypto.randomUUID(), title, named: true };
    this.#parted.set(mine.id, parted.id);
    return this.#save(parted);
  }

  async #readable(kept: Kept): Promise<Conversation | undefined> {
    try {
      return await this.#opened(kept);
    } catch (error) {
      if (KeysealError.from(error).code === "note_damaged") return undefined;
      throw error;
    }
  }

  async #put(kept: Kept, over: number): Promise<boolean> {
    try {
      return await this.#drawer.put(kept, over);
    } catch (error) {
      throw new KeysealError("storage_full", WORDS.notKept, {
        next: WORDS.notKeptNext,
        cause: error,
      });
    }
  }

  async #sealed(conversation: Conversation): Promise<Omit<Kept, "revision">> {
    const { id } = conversation;
    const title = conversation.title || titleOf(conversation) || WORDS.untitled;
    return {
      space: await spaceOf(`${location.origin}\n${this.#vault.sub}`),
      id,
      title: await this.#vault.sealNote(titleName(id), title),
      body: await this.#vault.sealNote(
        bodyName(id),
        JSON.stringify({ v: 1, ...conversation, title }),
      ),
      changedAt: Date.now(),
    };
  }

  async #opened({ id, body }: Kept): Promise<Conversation> {
    const { v: _version, ...conversation } = JSON.parse(
      await this.#vault.openNote(bodyName(id), body),
    ) as Conversation & { v: number };
    return conversation;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

const titleName = (id: string) => `chat/${id}/title`;
const bodyName = (id: string) => `chat/${id}`;

/** The person's id does not stand in the open. */
async function spaceOf(whose: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(whose));
  return Array.from(new Uint8Array(hash).slice(0, 16), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
