import { deferred } from "./deferred.js";

/** Lets so many bytes through, and makes whoever comes with more wait. */
export class Gate {
  #room: number;
  #opened = deferred<void>();

  constructor(room: number) {
    this.#room = room;
  }

  add(bytes: number): void {
    this.#room += bytes;
    this.#opened.resolve();
    this.#opened = deferred();
  }

  /** Waits until there is room at all, and takes it. */
  async take(bytes: number): Promise<void> {
    while (this.#room <= 0) await this.#opened.promise;
    this.#room -= bytes;
  }
}
