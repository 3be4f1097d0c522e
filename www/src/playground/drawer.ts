import { type DBSchema, type IDBPDatabase, openDB } from "idb";

/** One conversation as it is kept: two sealed notes, so that a list need not open all that was said. */
export interface Kept {
  /** Whose it is, as a hash: several people and companions may share this browser. */
  space: string;
  id: string;
  title: string;
  body: string;
  changedAt: number;
  /** One more with every write: whoever read an earlier one knows that somebody else has written. */
  revision: number;
}

/** Where conversations lie. */
export interface Drawer {
  all(): Promise<Kept[]>;
  get(id: string): Promise<Kept | undefined>;
  /** Writes only over the revision `over`, 0 for none; whether it did. */
  put(kept: Kept, over: number): Promise<boolean>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  conversations: { key: [string, string]; value: Kept; indexes: { space: string } };
}

/** In this browser's IndexedDB. */
export class LastingDrawer implements Drawer {
  readonly #db: IDBPDatabase<Schema>;
  readonly #space: string;

  private constructor(db: IDBPDatabase<Schema>, space: string) {
    this.#db = db;
    this.#space = space;
  }

  static async open(space: string): Promise<LastingDrawer> {
    const db = await openDB<Schema>("keyseal-playground", 1, {
      upgrade(db) {
        const store = db.createObjectStore("conversations", { keyPath: ["space", "id"] });
        store.createIndex("space", "space");
      },
    });
    return new LastingDrawer(db, space);
  }

  all(): Promise<Kept[]> {
    return this.#db.getAllFromIndex("conversations", "space", this.#space);
  }

  get(id: string): Promise<Kept | undefined> {
    return this.#db.get("conversations", [this.#space, id]);
  }

  async put(kept: Kept, over: number): Promise<boolean> {
    const work = this.#db.transaction("conversations", "readwrite");
    const now = await work.store.get([this.#space, kept.id]);
    const fits = (now?.revision ?? 0) === over;
    if (fits) await work.store.put(kept);
    await work.done;
    return fits;
  }

  async remove(id: string): Promise<void> {
    await this.#db.delete("conversations", [this.#space, id]);
  }
}

/** In this page's memory, where the browser stores nothing. */
export class PassingDrawer implements Drawer {
  readonly #kept = new Map<string, Kept>();

  async all(): Promise<Kept[]> {
    return [...this.#kept.values()];
  }

  async get(id: string): Promise<Kept | undefined> {
    return this.#kept.get(id);
  }

  async put(kept: Kept, over: number): Promise<boolean> {
    const fits = (this.#kept.get(kept.id)?.revision ?? 0) === over;
    if (fits) this.#kept.set(kept.id, kept);
    return fits;
  }

  async remove(id: string): Promise<void> {
    this.#kept.delete(id);
  }
}
