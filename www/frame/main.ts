import { Vault } from "keyseal";
import { Frame, frameConfig } from "keyseal/frame";
import { FramedPage } from "./framed-page.js";
import { besideOpener } from "./own-window.js";

customElements.define("keyseal-framed", FramedPage);
const page = document.querySelector<FramedPage>("keyseal-framed");

async function start(page: FramedPage): Promise<void> {
  const own = besideOpener();
  if (own) return page.showBeside(own);
  // Beside this very file: what the address bar or the page around says has no part in it.
  const file = await fetch(new URL("config.json", location.origin + location.pathname), {
    cache: "no-store",
    credentials: "omit",
  });
  const frame = new Frame({
    config: frameConfig(file.ok ? await file.json() : undefined),
    open: async (options) => {
      const { relay } = await import("keyseal/relay");
      return Vault.open({ ...options, relay: relay() });
    },
  });
  page.show(frame);
  frame.start();
}

if (page) start(page).catch((error: unknown) => page.fail(error));
