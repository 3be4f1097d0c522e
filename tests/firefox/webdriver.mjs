// As much of WebDriver (W3C Recommendation) as a test of the page needs: no driver's own library for six commands.

import { spawn } from "node:child_process";
import { freePort } from "../support/companion.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const PATIENCE_MS = 30_000;
const CONTROL = "\uE009";

/** Everything on the page, through all shadow roots: what fits a selector and whose name or text holds the words. */
const FIND = `
  const [selector, words] = arguments;
  const all = (root) => [...root.querySelectorAll("*")].flatMap((it) =>
    it.shadowRoot ? [it, ...all(it.shadowRoot)] : [it]);
  return all(document).find((it) => it.matches(selector) && it.checkVisibility() &&
    ((it.ariaLabel ?? "") + " " + it.textContent).includes(words));`;

export class Firefox {
  #base;
  #driver;

  static async start({ firefox, geckodriver }) {
    const it = new Firefox();
    const port = await freePort();
    it.#driver = spawn(geckodriver, ["--port", String(port)], { stdio: "ignore" });
    it.#base = `http://127.0.0.1:${port}`;
    const options = { binary: firefox, args: ["-headless"] };
    const alwaysMatch = { browserName: "firefox", "moz:firefoxOptions": options };
    const { sessionId } = await patiently(() =>
      it.#call("POST", "/session", { capabilities: { alwaysMatch } }),
    );
    it.#base += `/session/${sessionId}`;
    return it;
  }

  async stop() {
    await this.#call("DELETE", "").catch(() => undefined);
    this.#driver.kill();
  }

  open(url) {
    return this.#call("POST", "/url", { url });
  }

  run(script, ...args) {
    return this.#call("POST", "/execute/sync", { script, args });
  }

  /** Waits until it is there. */
  find(selector, words = "") {
    return patiently(async () => {
      const found = await this.run(FIND, selector, words);
      if (!found) throw new Error(`there is no ${selector} with "${words}"`);
      return found;
    });
  }

  async click(selector, words) {
    const { [ELEMENT]: id } = await this.find(selector, words);
    await this.#call("POST", `/element/${id}/click`, {});
  }

  /** Types into what has the focus; with Control held, if that is asked for. */
  async type(text, { control = false } = {}) {
    const press = (value) => [
      { type: "keyDown", value },
      { type: "keyUp", value },
    ];
    const keys = [...text].flatMap(press);
    const actions = control
      ? [{ type: "keyDown", value: CONTROL }, ...keys, { type: "keyUp", value: CONTROL }]
      : keys;
    await this.#call("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  async #call(method, path, body) {
    const answer = await fetch(this.#base + path, {
      method,
      headers: { "Content-Type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  }
}

/** Until it does not fail any more, or nobody would wait any longer. */
async function patiently(work) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
