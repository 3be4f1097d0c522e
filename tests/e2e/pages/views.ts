// An app with nothing but one of the package's elements in it, at a time.

import { Vault } from "keyseal";
import "keyseal/elements";

const heard: string[] = [];

// All that is told on the page, whoever tells it.
const dispatch = EventTarget.prototype.dispatchEvent;
EventTarget.prototype.dispatchEvent = function (event) {
  const detail: unknown = Reflect.get(event, "detail");
  heard.push(`${event.type} ${JSON.stringify(detail ?? null)}`);
  return dispatch.call(this, event);
};

export const views = {
  vault: undefined as Vault | undefined,
  heard,
  async open(companion: string, token: string): Promise<void> {
    views.vault = await Vault.open({ companion, token: () => token });
  },
  show(tag: string): void {
    document.querySelector("main")?.remove();
    const element = Object.assign(document.createElement(tag), { vault: views.vault });
    const main = document.createElement("main");
    main.append(element);
    document.body.append(main);
  },
};
Object.assign(window, { views });

declare global {
  interface Window {
    views: typeof views;
  }
}
