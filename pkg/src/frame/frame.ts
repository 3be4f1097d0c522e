import { KeysealError } from "../errors.js";
import type { VaultOptions } from "../vault/arguments.js";
import { Companion, isAway } from "../vault/companion.js";
import { subjectOf } from "../vault/subject.js";
import type { Vault } from "../vault/vault.js";
import { Accounts } from "./accounts.js";
import type { FrameConfig } from "./config.js";
import {
  type FrameState,
  type FrameView,
  type FromFrame,
  fromHost,
  HELLO,
  isObject,
  sentError,
} from "./messages.js";
import { Serving } from "./serving.js";

/** A host that does not give its token within this time is asked again by the person. */
const TOKEN_MS = 15_000;

/** What the frame needs besides its configuration. */
export interface FrameOptions {
  config: FrameConfig;
  /** `Vault.open`, or what does the same. */
  open(options: VaultOptions): Promise<Vault>;
}

/**
 * The isolated frame's own side: connects to the one page that holds it, if that is listed; opens the vault of the
 * account whose token the page gives; and serves the page the masked list and `fetch`, nothing else.
 *
 * Dispatches `change`, and `view` when the page asks for one.
 *
 * @example
 * const frame = new Frame({ config: frameConfig(await (await fetch("config.json")).json()), open: Vault.open });
 * frame.addEventListener("change", () => draw(frame));
 * frame.start();
 */
export class Frame extends EventTarget {
  readonly #config: FrameConfig;
  readonly #open: FrameOptions["open"];
  readonly #serving: Serving;
  #port: MessagePort | undefined;
  #parent: string | undefined;
  #accounts: Accounts | undefined;
  #state: FrameState = "connecting";
  #error: KeysealError | undefined;
  #vault: Vault | undefined;
  #sub: string | undefined;
  #asked: string | undefined;
  #view: FrameView = "keys";
  /** The last token that was found to be this account's. */
  #known = "";
  #tokens = new Map<number, (token: string | null) => void>();
  #lastToken = 0;
  #height = 0;

  /**
   * Nothing is done yet; `start` begins.
   *
   * @example
   * const frame = new Frame({ config, open: Vault.open });
   */
  constructor(options: FrameOptions) {
    super();
    this.#config = options.config;
    this.#open = options.open;
    this.#serving = new Serving(
      () => this.#fetch,
      (message, transfer) => this.#post(message, transfer),
    );
  }

  /**
   * What the frame is doing, as the page is told too.
   *
   * @example
   * if (frame.state === "account") ask(frame.asked);
   */
  get state(): FrameState {
    return this.#state;
  }

  /**
   * What stopped it.
   *
   * @example
   * if (frame.error) show(frame.error.message, frame.error.next);
   */
  get error(): KeysealError | undefined {
    return this.#error;
  }

  /**
   * The vault, while the frame is open. It is the frame's own: the page is never given it.
   *
   * @example
   * store.vault = frame.vault;
   */
  get vault(): Vault | undefined {
    return this.#vault;
  }

  /**
   * The origin of the page that holds the frame, once it has connected.
   *
   * @example
   * line.textContent = `Shown in ${frame.parent}`;
   */
  get parent(): string | undefined {
    return this.#parent;
  }

  /**
   * The account whose keys these are.
   *
   * @example
   * line.textContent = frame.account ?? "";
   */
  get account(): string | undefined {
    return this.#sub;
  }

  /**
   * Another account, which the page asks for and nobody has agreed to.
   *
   * @example
   * question.textContent = `Go on as ${frame.asked}?`;
   */
  get asked(): string | undefined {
    return this.#asked;
  }

  /**
   * What the page asked to see last.
   *
   * @example
   * if (frame.view === "add") dialog.open();
   */
  get view(): FrameView {
    return this.#view;
  }

  /**
   * Says to the page that the frame is there, and waits for its port.
   *
   * @example
   * frame.start();
   */
  start(): void {
    const { parents } = this.#config;
    // Not in every browser; the policy that the frame is served with says the same.
    const { ancestorOrigins } = location as { ancestorOrigins?: DOMStringList };
    const above = ancestorOrigins && [...ancestorOrigins];
    const wrong = misplaced(above?.find((origin) => !parents.includes(origin)));
    if (wrong) {
      this.#fail(wrong);
      return;
    }
    addEventListener("message", this.#connect);
    // Each only reaches a page of that very origin.
    for (const origin of above?.slice(0, 1) ?? parents)
      globalThis.parent.postMessage(HELLO, origin);
  }

  /**
   * Goes on as the account that the page asks for. For a click of a person's, inside the frame.
   *
   * @example
   * button.onclick = (event) => event.isTrusted && frame.agree();
   */
  async agree(): Promise<void> {
    const sub = this.#asked;
    if (this.#state === "account" && sub !== undefined) await this.#opens(sub);
  }

  /**
   * Tries again after a failure, or where the other account was a mistake: asks the page for its token anew.
   *
   * @example
   * retryButton.onclick = () => frame.retry();
   */
  async retry(): Promise<void> {
    if (!this.#port || (this.#state !== "failed" && this.#state !== "account")) return;
    this.#asked = undefined;
    await this.#begin();
  }

  /**
   * Tells the page how high the frame's content is. The page may do with it what it likes.
   *
   * @example
   * new ResizeObserver(() => frame.tellHeight(document.body.scrollHeight)).observe(document.body);
   */
  tellHeight(height: number): void {
    if (height === this.#height) return;
    this.#height = height;
    this.#post({ type: "height", height });
  }

  /** Only the very page that holds this frame, of a listed origin, and only once. */
  readonly #connect = (event: MessageEvent): void => {
    const { source, origin, data, ports } = event;
    if (source !== globalThis.parent || !this.#config.parents.includes(origin)) return;
    if (!isObject(data) || data.keyseal !== "frame" || data.type !== "connect") return;
    const [port] = ports;
    if (!port || ports.length !== 1) return;
    removeEventListener("message", this.#connect);
    this.#parent = origin;
    this.#accounts = new Accounts(origin);
    this.#port = port;
    port.onmessage = (event) => this.#heard(event.data);
    if (this.#height > 0) this.#post({ type: "height", height: this.#height });
    void this.#begin();
  };

  #heard(data: unknown): void {
    const message = fromHost(data);
    if (message === undefined) return;
    if (message.type === "token") {
      const give = this.#tokens.get(message.id);
      this.#tokens.delete(message.id);
      give?.(message.token);
    } else if (message.type === "open") {
      this.#view = message.view;
      this.dispatchEvent(new Event("view"));
    } else this.#serving.heard(message);
  }

  async #begin(): Promise<void> {
    this.#becomes("connecting");
    try {
      const token = await this.#askToken();
      const sub = await this.#subOf(token);
      if (await this.#accounts?.isOther(sub)) this.#askAbout(sub);
      else await this.#opens(sub);
    } catch (error) {
      this.#fail(KeysealError.from(error));
    }
  }

  /** Opens the vault of an account that is agreed to. */
  async #opens(sub: string): Promise<void> {
    this.#asked = undefined;
    this.#sub = sub;
    this.#becomes("connecting");
    try {
      const vault = await this.#open({
        companion: this.#config.companion,
        token: () => this.#token(),
        ...(this.#parent === undefined ? {} : { namespace: this.#parent }),
      });
      await this.#accounts?.remember(sub);
      if (this.#sub !== sub || vault.sub !== sub) {
        vault.close();
        if (this.#sub === sub) this.#askAbout(vault.sub);
        return;
      }
      this.#vault = vault;
      vault.addEventListener("change", this.#changed);
      this.#becomes("open");
    } catch (error) {
      // Asked about another account meanwhile: that stands.
      if (this.#sub === sub) this.#fail(KeysealError.from(error));
    }
  }

  /** The page's token, and the same account's as before: another one's ends what is open. */
  async #token(): Promise<string> {
    const token = await this.#askToken();
    if (token === this.#known) return token;
    const sub = await this.#subOf(token);
    if (sub === this.#sub) {
      this.#known = token;
      return token;
    }
    this.#askAbout(sub);
    throw new KeysealError("account_changed", "The page now names another account.", {
      next: "Agree to it inside the frame, or sign in to the page again.",
    });
  }

  /** Whose token it is, by the companion's word. */
  async #subOf(token: string): Promise<string> {
    const companion = new Companion(this.#config.companion, () => token);
    try {
      return (await companion.call<{ sub: string }>("GET", "/api/v1/me")).sub;
    } catch (error) {
      // Away, it says nothing and accepts nothing; what is here is listed by the name in the token.
      if (isAway(error)) return subjectOf(token, error);
      throw error;
    }
  }

  #askToken(): Promise<string> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastToken;
      const late = setTimeout(() => give(null), TOKEN_MS);
      const give = (token: string | null) => {
        clearTimeout(late);
        this.#tokens.delete(id);
        if (token) resolve(token);
        else reject(noToken());
      };
      this.#tokens.set(id, give);
      this.#post({ type: "token", id });
    });
  }

  #askAbout(sub: string): void {
    this.#asked = sub;
    this.#sub = undefined;
    this.#ends();
    this.#becomes("account");
  }

  #ends(): void {
    this.#known = "";
    this.#serving.stop();
    this.#vault?.removeEventListener("change", this.#changed);
    this.#vault?.close();
    this.#vault = undefined;
  }

  readonly #fetch: typeof fetch = (input, init) => {
    if (!this.#vault) throw new KeysealError("frame_not_ready", "The frame's vault is not open.");
    return this.#vault.fetch(input, init);
  };

  #fail(error: KeysealError): void {
    this.#error = error;
    this.#ends();
    this.#becomes("failed");
  }

  #becomes(state: FrameState): void {
    this.#state = state;
    if (state !== "failed") this.#error = undefined;
    this.#changed();
  }

  readonly #changed = (): void => {
    const vault = this.#vault;
    const providers = vault?.providers ?? [];
    this.#post({
      type: "told",
      companion: this.#config.companion,
      bases: Object.fromEntries(providers.map(({ id, basePath }) => [id, basePath])),
      now: {
        state: this.#state,
        account: vault ? vault.sub : null,
        entries: vault?.entries ?? [],
        unlocked: vault?.unlocked ?? false,
        persistent: vault?.persistent ?? true,
        error: this.#error ? sentError(this.#error) : null,
      },
    });
    this.dispatchEvent(new Event("change"));
  };

  #post(message: FromFrame, transfer: Transferable[] = []): void {
    this.#port?.postMessage(message, transfer);
  }
}

/** What is wrong with the place that the frame was put in. */
function misplaced(stranger: string | undefined): KeysealError | undefined {
  if (globalThis.parent === globalThis.window) return alone();
  if (globalThis.origin === "null") return sandboxed();
  return stranger === undefined ? undefined : unlisted(stranger);
}

function alone(): KeysealError {
  return new KeysealError("frame_alone", "This page belongs inside an app's page.", {
    next: "Open it from there.",
  });
}

function sandboxed(): KeysealError {
  return new KeysealError(
    "frame_sandboxed",
    "The page around this frame has taken its origin away.",
    {
      next: "The app must leave out the iframe's sandbox, or add allow-same-origin to it.",
    },
  );
}

function unlisted(origin: string): KeysealError {
  return new KeysealError("frame_unlisted", `This frame does not belong in a page of ${origin}.`, {
    next: "Nothing was loaded here. The operator lists pages under [frame] origins.",
  });
}

function noToken(): KeysealError {
  return new KeysealError("unauthorized", "The page around this frame has not said who you are.", {
    next: "Sign in to the app, then try again.",
  });
}
