import { KeysealError, noProvider } from "../errors.js";
import type { Entry } from "../types.js";
import type { TokenSource } from "../vault/companion.js";
import { baseOf, type Flavour, type SdkOptions, sdkOptions } from "../vault/options.js";
import { Asking } from "./asking.js";
import { receivedError } from "./bodies.js";
import {
  CONNECT,
  type FrameState,
  type FrameView,
  type FromFrame,
  type FromHost,
  isObject,
  type Told,
} from "./messages.js";

/** How a page holds a vault that lives in an isolated frame. */
export interface FramedVaultOptions {
  /** The caller's token for the companion; the frame asks for it, and shows whose it is. */
  token: TokenSource;
}

/** A frame that has said nothing for so long is blocked, or not there. */
const SILENT_MS = 15_000;
/** The frame's height follows its content between these, in pixels. */
const HEIGHT = { least: 420, most: 4000 };

/**
 * The vault in an isolated frame, as the page around it holds it: listed masked, used through `fetch`. Keys are
 * pasted inside, where no script of the page reaches; what is not here, the page cannot have done.
 *
 * Dispatches `change` whenever something of it changed.
 *
 * @example
 * const framed = new FramedVault(iframe, { token: () => session.jwt });
 * framed.addEventListener("change", () => list(framed.entries));
 */
export class FramedVault extends EventTarget {
  readonly #frame: HTMLIFrameElement;
  readonly #origin: string;
  readonly #token: TokenSource;
  #port: MessagePort | undefined;
  #asking: Asking | undefined;
  #companion: string | undefined;
  #bases: Record<string, string> = {};
  #now: Told = NOTHING;
  #silent: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];

  /**
   * As `Vault.fetch`: only below the companion's `/forward` and `/v1`. The request is made inside the frame, with
   * identity and key added there; bodies stream both ways. Waits until the frame is ready.
   *
   * @example
   * const answer = await framed.fetch(`${framed.baseURL("openai")}/models`);
   */
  readonly fetch: typeof fetch = async (input, init) => {
    if (this.#now.state !== "open") await this.#opened(init?.signal ?? undefined);
    const asking = this.#asking;
    if (!asking) throw notThere();
    return asking.fetch(input, init);
  };

  /**
   * Waits for the frame in this iframe, whose address is its `src`, and connects to it.
   *
   * @example
   * const framed = new FramedVault(iframe, { token: () => session.jwt });
   */
  constructor(frame: HTMLIFrameElement, options: FramedVaultOptions) {
    super();
    this.#frame = frame;
    this.#token = options.token;
    this.#origin = new URL(frame.src, globalThis.location?.href).origin;
    globalThis.addEventListener("message", this.#hello);
    this.#silent = setTimeout(() => this.#tell({ ...NOTHING, ...SILENT }), SILENT_MS);
  }

  /**
   * What the frame is doing: `connecting`, waiting for a click on another `account`, `open`, or `failed`.
   *
   * @example
   * if (framed.state === "open") chat.hidden = false;
   */
  get state(): FrameState {
    return this.#now.state;
  }

  /**
   * Why it failed, in words; the frame shows the same.
   *
   * @example
   * if (framed.error) banner(framed.error.message, framed.error.next);
   */
  get error(): KeysealError | undefined {
    return this.#now.error ? receivedError(this.#now.error) : undefined;
  }

  /**
   * The `sub` whose keys these are; null until the frame is open.
   *
   * @example
   * title.textContent = framed.account;
   */
  get account(): string | null {
    return this.#now.account;
  }

  /**
   * All entries, masked, in the order of use.
   *
   * @example
   * for (const { provider, keyHint } of framed.entries) console.log(provider, keyHint);
   */
  get entries(): readonly Entry[] {
    return this.#now.entries;
  }

  /**
   * Whether browser-only keys can be used now; only a person unlocks them, inside the frame.
   *
   * @example
   * if (!framed.unlocked) framed.open("keys");
   */
  get unlocked(): boolean {
    return this.#now.unlocked;
  }

  /**
   * False where the browser gives the frame no storage: browser-only keys then last as long as the page.
   *
   * @example
   * if (!framed.persistent) note("Keys kept in this browser are gone when you close the page.");
   */
  get persistent(): boolean {
    return this.#now.persistent;
  }

  /**
   * The base URL of a provider's API through the companion, as SDKs want it; once the frame is open.
   *
   * @example
   * const url = `${framed.baseURL("openai")}/chat/completions`;
   */
  baseURL(provider: string, flavour: Flavour = "sdk"): string {
    const base = Object.hasOwn(this.#bases, provider) ? this.#bases[provider] : undefined;
    if (this.#companion === undefined) throw notThere();
    if (base === undefined) throw noProvider(provider, "The ids are in docs/providers.md.");
    return baseOf(this.#companion, provider, base, flavour);
  }

  /**
   * What an SDK takes in its constructor; once the frame is open.
   *
   * @example
   * const openai = new OpenAI(framed.options("openai"));
   */
  options(provider: string, flavour: Flavour = "sdk"): SdkOptions {
    return sdkOptions(this.baseURL(provider, flavour), flavour, this.fetch);
  }

  /**
   * Shows one of the frame's views: `keys`, `add`, `usage`, `security` or `activity`. What is done there, a person does.
   *
   * @example
   * addButton.onclick = () => framed.open("add");
   */
  open(view: FrameView): void {
    this.#post({ type: "open", view });
    this.#frame.focus();
  }

  /**
   * Ends the use of this object; what is under way fails.
   *
   * @example
   * signOut.onclick = () => framed.close();
   */
  close(): void {
    globalThis.removeEventListener("message", this.#hello);
    clearTimeout(this.#silent);
    this.#disconnect();
    this.#tell(NOTHING);
  }

  /** A frame that was loaded anew says hello again: what it held for us before is gone. */
  readonly #hello = (event: MessageEvent): void => {
    if (event.source !== this.#frame.contentWindow || event.origin !== this.#origin) return;
    if (!isObject(event.data) || event.data.keyseal !== "frame" || event.data.type !== "hello")
      return;
    clearTimeout(this.#silent);
    this.#disconnect();
    this.#tell(NOTHING);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#asking = new Asking((message, transfer) => this.#post(message, transfer));
    port1.onmessage = ({ data }: MessageEvent<FromFrame>) => this.#heard(data);
    this.#frame.contentWindow?.postMessage(CONNECT, this.#origin, [port2]);
  };

  #disconnect(): void {
    this.#asking?.gone();
    this.#asking = undefined;
    this.#port?.close();
    this.#port = undefined;
  }

  #heard(message: FromFrame): void {
    if (message.type === "token") void this.#giveToken(message.id);
    else if (message.type === "height") this.#grow(message.height);
    else if (message.type === "told") {
      this.#companion = message.companion;
      this.#bases = message.bases;
      this.#tell(message.now);
    } else this.#asking?.heard(message);
  }

  async #giveToken(id: number): Promise<void> {
    const port = this.#port;
    let token: string | null = null;
    try {
      token = await this.#token();
    } catch {
      // The frame says that there is none.
    }
    port?.postMessage({ type: "token", id, token });
  }

  #grow(height: number): void {
    if (!Number.isFinite(height)) return;
    const within = Math.min(Math.max(height, HEIGHT.least), HEIGHT.most);
    this.#frame.style.height = `${Math.ceil(within)}px`;
  }

  #tell(now: Told): void {
    this.#now = now;
    const waiting = now.state === "open" || now.state === "failed" ? this.#waiting : [];
    if (waiting.length > 0) this.#waiting = [];
    for (const go of waiting) go();
    this.dispatchEvent(new Event("change"));
  }

  async #opened(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#now.state === "connecting" || this.#now.state === "account") {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    if (this.#now.error) throw receivedError(this.#now.error);
  }

  #post(message: FromHost, transfer: Transferable[] = []): void {
    this.#port?.postMessage(message, transfer);
  }
}

const NOTHING: Told = {
  state: "connecting",
  account: null,
  entries: Object.freeze([]),
  unlocked: false,
  persistent: true,
  error: null,
};

const SILENT: Partial<Told> = {
  state: "failed",
  error: {
    code: "frame_silent",
    message: "The frame with the keys does not answer.",
    next: "Check its address, and that its companion lists this page's origin under [frame] origins.",
    status: null,
  },
};

function notThere(): KeysealError {
  return new KeysealError("frame_not_ready", "The frame with the keys is not ready.", {
    next: "Wait until its state is open.",
  });
}
