// What the examples of the isolated frame take for granted, on both of its sides: an app's page with the frame in it,
// and the page in the frame. Both are real, and so is the vault between them.

import { KeysealError, Vault } from "keyseal";
import { Frame, FramedVault, frameConfig, vaultBeside } from "keyseal/frame";
import OpenAI from "openai";
import { called, say, spied, watch } from "./prelude.js";

export { called };

Object.assign(window, { called });

/** Where the page's examples run; those of the frame need no more than the frame itself. */
export interface Place {
  src: string;
  token: string;
}

for (const [name, type] of Object.entries({ FramedVault, Frame })) watch(name, type.prototype);

const isFrame = window.parent !== window;
const buttons = () => {
  const button = () => document.body.appendChild(document.createElement("button"));
  const asked = Object.assign(button(), { className: "asked" });
  return { button: asked, addButton: button(), retryButton: button(), signOut: button() };
};

/** The page's frame, or the frame's own side of it: made once, and shown to all examples. */
let held: Promise<FramedVault | Frame> | undefined;

async function holds(place: Place): Promise<FramedVault> {
  const iframe = document.body.appendChild(document.createElement("iframe"));
  iframe.src = place.src;
  const framed = new FramedVault(iframe, { token: () => place.token });
  await new Promise<void>((resolve) => {
    framed.addEventListener("change", () => framed.state === "open" && resolve());
  });
  // A property of its own, not of the class.
  Object.defineProperty(framed, "fetch", { value: spied("FramedVault.fetch", framed.fetch) });
  return framed;
}

async function isHeld(): Promise<Frame> {
  const config = frameConfig(await (await fetch("config.json")).json());
  const frame = new Frame({ config, open: Vault.open });
  frame.start();
  return frame;
}

/** A frame says hello as soon as it is there. */
if (isFrame) held = isHeld();

const constructing = <T extends new (...all: never[]) => object>(name: string, type: T): T =>
  new Proxy(type, {
    construct(type, all, target) {
      called.add(name);
      called.add(`${name}.constructor`);
      return Reflect.construct(type, all, target);
    },
  });

/** What every example is given. */
export async function prelude(_name: string, place: Place) {
  held ??= holds(place);
  const ours = await held;
  const framed = ours as FramedVault;
  const frame = ours as Frame;
  const element = () => document.createElement("p");
  const given = {
    ...{ KeysealError, OpenAI, Vault },
    Frame: constructing("Frame", Frame),
    FramedVault: constructing("FramedVault", FramedVault),
    frameConfig: spied("frameConfig", frameConfig),
    vaultBeside: spied("vaultBeside", vaultBeside),
    ...{ framed, frame, session: { jwt: place.token }, config: undefined as never },
    iframe: document.querySelector("iframe") ?? document.createElement("iframe"),
    opener: Object.assign(window, { keysealFrame: frame }),
    store: {} as { vault?: Vault | undefined },
    ...{ chat: element(), title: element(), line: element(), question: element() },
    dialog: { open: say("open") },
    ...buttons(),
    ...{ ask: say("ask"), banner: say("banner"), draw: say("draw"), list: say("list") },
    ...{ note: say("note"), show: say("show") },
  };
  if (isFrame) given.config = frameConfig(await (await fetch("config.json")).json()) as never;
  called.clear();
  return given;
}

export type Prelude = Awaited<ReturnType<typeof prelude>>;

/** What a person does next. */
export async function play({ button, addButton, retryButton, signOut }: Prelude): Promise<void> {
  for (const it of [button, addButton, retryButton, signOut]) it.click();
  await new Promise((resolve) => setTimeout(resolve));
}
