/** Newer browsers tell whether something of the page around lies over an element. */
interface Seen extends IntersectionObserverEntry {
  readonly isVisible?: boolean;
}

/** What the types of the DOM do not know yet. */
interface Watch extends IntersectionObserverInit {
  trackVisibility: boolean;
  delay: number;
}

/** The least delay that such an observer takes. */
const DELAY_MS = 100;
/** Below this size, in pixels, too little is seen of what is agreed to. */
const LEAST = { width: 260, height: 300 };

/** Too small to show what is agreed to. */
export function isTooSmall(): boolean {
  return innerWidth < LEAST.width || innerHeight < LEAST.height;
}

/**
 * Holds back each click that agrees to something, in dialogs and under `data-guarded`, until the browser has said that
 * what it agrees to can be seen; lets it through then, and says that it was refused otherwise. Where a browser cannot tell, all
 * go through: docs/threat-model.md says so.
 */
export function refuseCovered(say: { refused(): void; nothing(): void }): void {
  let through = false;
  document.addEventListener(
    "click",
    (event) => {
      const path = event.composedPath();
      const asked = path.find(isGuarded);
      const button = path.find((it) => it instanceof HTMLButtonElement);
      if (through || !asked || !button) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      // What was said before lies over the frame itself.
      say.nothing();
      void isSeen(asked).then((seen) => {
        if (!seen || isTooSmall()) return say.refused();
        through = true;
        button.click();
        through = false;
      });
    },
    { capture: true },
  );
}

function isGuarded(target: EventTarget): target is HTMLElement {
  return (
    target instanceof HTMLDialogElement ||
    (target instanceof HTMLElement && "guarded" in target.dataset)
  );
}

function isSeen(element: Element): Promise<boolean> {
  return new Promise((resolve) => {
    const options: Watch = { trackVisibility: true, delay: DELAY_MS };
    const observer = new IntersectionObserver((entries: Seen[]) => {
      observer.disconnect();
      resolve(entries.at(-1)?.isVisible ?? true);
    }, options);
    observer.observe(element);
  });
}
