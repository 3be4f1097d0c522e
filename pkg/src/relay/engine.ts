import { KeysealError } from "../errors.js";
import { failureOf, whyNot } from "./failures.js";
import type { Asked, Setting, ToEngine, ToPage } from "./messages.js";
import { type Held, Pool } from "./pool.js";
import { Run } from "./run.js";
import { Tunnel } from "./tunnel.js";
import type { Grant, Keys, RelayWasm, TestCall } from "./wasm.js";

const TICK_MS = 5_000;
/** A timer that comes so late was held up by a computer that slept. Pages in the background have to wait a minute. */
const SLEPT_MS = 90_000;

/** What both sides talk through: one end of a channel, or a worker's own. */
export interface Port {
  postMessage(message: ToPage, transfer: Transferable[]): void;
}

/** The relay behind a port: holds the wasm, the keys in it, and the connections. */
export class Engine {
  readonly #port: Port;
  readonly #wasm: RelayWasm;
  readonly #runs = new Map<number, Run>();
  #setting: Setting | undefined;
  #pool: Pool | undefined;
  #keys: Keys | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(port: Port, wasm: RelayWasm) {
    this.#port = port;
    this.#wasm = wasm;
  }

  /** A message from the page. */
  readonly hear = (message: ToEngine): void => {
    switch (message.type) {
      case "start":
        void this.#start(message.module, message.setting);
        break;
      case "grant":
        this.#accepting = this.#accepting.then(() => this.#accept(message.id, message.grant));
        break;
      case "forget":
        this.#keys?.remove(message.entry);
        break;
      case "wipe":
        this.#accepting = this.#accepting.then(() => this.#wipe());
        this.#wipe();
        this.#tell({ type: "wiped" });
        break;
      case "request":
        this.#runs.set(message.id, this.#run(message.id, message.asked));
        break;
      case "chunk":
        this.#runs.get(message.id)?.write(message.bytes);
        break;
      case "finish":
        this.#runs.get(message.id)?.finish();
        break;
      case "pull":
        this.#runs.get(message.id)?.pull(message.bytes);
        break;
      case "abort":
        this.#runs.get(message.id)?.abort();
        break;
      case "testCall":
        this.#answer(message.id, () => this.#wasm.testCall(message.provider));
        break;
      case "judge": {
        const { provider, status, contentType, body } = message;
        this.#answer(message.id, () => this.#wasm.judge(provider, status, contentType, body));
        break;
      }
      case "against": {
        const { provider, status, contentType, body } = message;
        this.#answer(message.id, () => this.#wasm.against(provider, status, contentType, body));
        break;
      }
    }
  };

  async #start(module: WebAssembly.Module, setting: Setting): Promise<void> {
    try {
      await this.#wasm.default({ module_or_path: module });
      this.#setting = setting;
      this.#pool = new Pool(setting.connections);
      this.#tell({ type: "started" });
    } catch (error) {
      this.#tell({ type: "notStarted", failure: failureOf(error) });
    }
  }

  async #accept(id: number, grant: Grant): Promise<void> {
    try {
      if (this.#keys?.vault === grant.vault) {
        for (const { id, record } of grant.records) this.#keys.put(id, record);
      } else {
        const keys = await this.#wasm.RelayKeys.accept(grant);
        this.#dropKeys();
        this.#keys = keys;
      }
      this.#tell({ type: "told", id, answer: undefined });
    } catch (error) {
      this.#tell({ type: "failed", id, failure: failureOf(error) });
    }
  }

  /** No key is left, nor a connection that one went through; whoever asked has been told by the page. */
  #wipe(): void {
    for (const run of [...this.#runs.values()]) run.abort();
    this.#pool?.clear();
    this.#dropKeys();
  }

  #dropKeys(): void {
    this.#keys?.wipe();
    this.#keys = undefined;
  }

  #run(id: number, asked: Asked): Run {
    this.#keepTime();
    return new Run(id, asked, {
      tell: (message, transfer) => this.#tell(message, transfer),
      acquire: (asked, fresh, signal) => this.#acquire(asked, fresh, signal),
      counter: ({ provider, method, path }) => new this.#wasm.RelayUsage(provider, method, path),
      over: (id) => this.#runs.delete(id),
    });
  }

  async #acquire(asked: Asked, fresh: boolean, signal: AbortSignal): Promise<Held> {
    const { route, host, entry, token } = asked;
    const [setting, pool] = [this.#setting, this.#pool];
    if (!setting || !pool) throw new KeysealError("not_initialised", "The relay has not started.");
    let address = "";
    return pool.acquire(`${route} ${host ?? ""}`, {
      fresh,
      signal,
      open: (watch) => {
        if (!this.#keys) throw new KeysealError("vault_locked", "The vault is locked.");
        const roots = setting.roots.map((root) => root.slice());
        const connection = new this.#wasm.RelayConnection(this.#keys, route, entry, roots);
        address = setting.companion + connection.relayPath;
        return new Tunnel(address.replace(/^http/, "ws"), token, connection, watch);
      },
      why: () => whyNot(address, token),
    });
  }

  #keepTime(): void {
    if (this.#clock !== undefined) return;
    let last = Date.now();
    this.#clock = setInterval(() => {
      const now = Date.now();
      this.#pool?.tick(now, now - last >= SLEPT_MS);
      last = now;
      if (this.#runs.size > 0 || !this.#pool?.isEmpty) return;
      clearInterval(this.#clock);
      this.#clock = undefined;
    }, TICK_MS);
    // Under Node a timer keeps the process alive.
    (this.#clock as { unref?: () => void }).unref?.();
  }

  #answer(id: number, question: () => TestCall | string | undefined): void {
    try {
      this.#tell({ type: "told", id, answer: question() });
    } catch (error) {
      this.#tell({ type: "failed", id, failure: failureOf(error) });
    }
  }

  #tell(message: ToPage, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
