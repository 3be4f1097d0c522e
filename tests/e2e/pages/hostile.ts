// A page that holds the isolated frame and wants the keys in it: it runs before all else, listens to everything,
// changes what it can of its own globals, and writes down whatever passes.

declare global {
  interface Window {
    /** Everything that the page came to see. */
    loot: Set<string>;
    keep(where: string, ...what: unknown[]): void;
    /** Makes a frame, and connects to it by hand, as the protocol says. */
    hold(src: string, token: string): HTMLIFrameElement;
    raw: {
      port: MessagePort | undefined;
      /** What the frame said, by type. */
      said: Record<string, unknown>[];
      hellos: number;
      token: string;
      /** Answers a hello by itself. */
      answers: boolean;
      connect(): void;
    };
  }
}

export function hostile(): void {
  const loot = new Set<string>();
  const text = (it: unknown, depth = 0): string => {
    if (it === null || it === undefined || typeof it === "boolean") return "";
    if (it instanceof ArrayBuffer) return latin(new Uint8Array(it));
    if (ArrayBuffer.isView(it))
      return latin(new Uint8Array(it.buffer, it.byteOffset, it.byteLength));
    if (typeof it !== "object") return typeof it === "function" ? "" : String(it);
    if (depth > 6 || it instanceof Node || it instanceof Window) return "";
    const parts = it instanceof Error ? [it.message, it.stack] : [];
    for (const name of Object.getOwnPropertyNames(it)) {
      try {
        parts.push(name, text((it as Record<string, unknown>)[name], depth + 1));
      } catch {
        // Not to be read.
      }
    }
    return parts.join(" ");
  };
  const latin = (bytes: Uint8Array) => {
    let all = "";
    for (const byte of bytes) all += String.fromCharCode(byte);
    return all;
  };
  let busy = false;
  const keep = (where: string, ...what: unknown[]) => {
    if (busy) return;
    busy = true;
    loot.add(`${where} ${what.map((it) => text(it)).join(" ")}`);
    busy = false;
  };

  const types =
    "keydown keyup keypress beforeinput input paste copy cut change submit click pointerdown drop message";
  for (const type of types.split(" ")) {
    addEventListener(
      type,
      (event) => {
        const { key, data, clipboardData, target } = event as KeyboardEvent &
          InputEvent &
          ClipboardEvent;
        keep(type, key, data, clipboardData?.getData("text"), (target as HTMLInputElement)?.value);
      },
      true,
    );
  }

  // What the package, or anybody in this page, uses: its arguments and its result.
  const patch = (holder: object, names: string) => {
    for (const name of names.split(" ")) {
      const described = Object.getOwnPropertyDescriptor(holder, name);
      const own = described?.value as ((...given: unknown[]) => unknown) | undefined;
      if (typeof own !== "function") throw new Error(`no ${name} to patch`);
      Object.defineProperty(holder, name, {
        ...described,
        value: function (this: unknown, ...given: unknown[]) {
          const result = new.target
            ? Reflect.construct(own, given)
            : Reflect.apply(own, this, given);
          keep(name, given, result);
          return result;
        },
      });
    }
  };
  patch(window, "fetch open");
  patch(MessagePort.prototype, "postMessage");
  patch(XMLHttpRequest.prototype, "open send setRequestHeader");
  patch(EventTarget.prototype, "dispatchEvent");
  patch(Storage.prototype, "setItem getItem");
  patch(SubtleCrypto.prototype, "encrypt decrypt importKey exportKey wrapKey unwrapKey digest");
  patch(TextEncoder.prototype, "encode");
  patch(TextDecoder.prototype, "decode");
  patch(JSON, "parse stringify");
  patch(WebAssembly, "instantiate compile");
  patch(Headers.prototype, "set append get");
  patch(Object.getPrototypeOf(Uint8Array.prototype), "slice set subarray");
  const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data");
  Object.defineProperty(MessageEvent.prototype, "data", {
    ...data,
    get(this: MessageEvent) {
      const value: unknown = data?.get?.call(this);
      keep("message data", value);
      return value;
    },
  });

  const connect = (frame: HTMLIFrameElement) => {
    const { port1, port2 } = new MessageChannel();
    raw.port = port1;
    port1.onmessage = ({ data }) => {
      raw.said.push(data);
      if (data.type === "token")
        port1.postMessage({ type: "token", id: data.id, token: raw.token });
    };
    const said = { keyseal: "frame", type: "connect", version: 1 };
    frame.contentWindow?.postMessage(said, new URL(frame.src).origin, [port2]);
  };
  const raw: Window["raw"] = {
    port: undefined,
    said: [],
    hellos: 0,
    token: "",
    answers: true,
    connect: () => connect(document.querySelector("iframe") as HTMLIFrameElement),
  };
  const hold = (src: string, token: string) => {
    const frame = document.createElement("iframe");
    frame.allow = "publickey-credentials-get; publickey-credentials-create; clipboard-write";
    frame.style.cssText = "width: 900px; height: 760px; border: 0";
    frame.src = src;
    raw.token = token;
    addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow || data?.type !== "hello") return;
      raw.hellos += 1;
      if (raw.answers) connect(frame);
    });
    document.body.append(frame);
    return frame;
  };
  Object.assign(window, { loot, keep, hold, raw });
}
