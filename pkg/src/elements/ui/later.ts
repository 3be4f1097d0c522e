import type { ReactiveController, ReactiveControllerHost } from "lit";
import { KeysealError } from "../../errors.js";
import * as strings from "../strings.js";

const WORDS = strings.store;

/** Longer than a first view takes to stand, on a slow phone too. */
const SOON_MS = 3_000;

/**
 * Elements that the first look does not need: each is loaded when it is shown, or before that when there is time. Its
 * host is drawn anew when one has come.
 */
export class Later<Tag extends string> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #loads: Readonly<Record<Tag, () => Promise<unknown>>>;
  #failed: KeysealError | undefined;
  #asked = false;

  constructor(host: ReactiveControllerHost, loads: Readonly<Record<Tag, () => Promise<unknown>>>) {
    this.#host = host;
    this.#loads = loads;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.forget();
  }

  /** Why the last one that was to be shown did not come. */
  get failed(): KeysealError | undefined {
    return this.#failed;
  }

  /** Whether it can be drawn; if not, it is on its way from now on. */
  has(tag: Tag): boolean {
    if (customElements.get(tag)) return true;
    if (!this.#failed) void this.load(tag);
    return false;
  }

  async load(tag: Tag): Promise<void> {
    this.#failed = undefined;
    try {
      await this.#loads[tag]();
    } catch (cause) {
      const more = { next: WORDS.notLoadedNext, cause };
      this.#failed = new KeysealError("view_not_loaded", WORDS.notLoaded, more);
    }
    this.#host.requestUpdate();
  }

  /** Forgets what went wrong: what is shown next is asked for anew. */
  forget(): void {
    this.#failed = undefined;
  }

  /** Once the first view stands: then the others open at once, and also where the network has gone by then. */
  allSoon(): void {
    if (this.#asked) return;
    this.#asked = true;
    setTimeout(async () => {
      for (const tag in this.#loads) {
        await idle();
        // One that does not come now is asked for again when it is shown.
        await this.#loads[tag]().catch(() => undefined);
      }
    }, SOON_MS);
  }
}

/** When the browser has nothing else to do. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === "function") requestIdleCallback(() => resolve());
    else resolve();
  });
}
