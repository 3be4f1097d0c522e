import type { Page } from "@playwright/test";

/** All that the page's origin stores in the browser, as text. CryptoKeys show only their kind. */
export function dumpStorage(
  page: Page,
): Promise<Record<"localStorage" | "sessionStorage" | "indexedDb" | "caches" | "cookies", string>> {
  return page.evaluate(async () => {
    const wait = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    // JSON shows no bytes: typed arrays are written out as the text that they would be.
    const shown = (_: string, value: unknown) =>
      value instanceof CryptoKey
        ? `CryptoKey ${value.algorithm.name} ${value.extractable}`
        : value instanceof ArrayBuffer || ArrayBuffer.isView(value)
          ? new TextDecoder("latin1").decode(value)
          : value;
    const records: unknown[] = [];
    for (const { name = "" } of await indexedDB.databases()) {
      const database = await wait(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const objects = database.transaction(store).objectStore(store);
        records.push({
          name,
          store,
          keys: await wait(objects.getAllKeys()),
          values: await wait(objects.getAll()),
        });
      }
      database.close();
    }
    const cached: string[] = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        cached.push(name, request.url, (await answer?.text()) ?? "");
      }
    }
    return {
      localStorage: JSON.stringify({ ...localStorage }),
      sessionStorage: JSON.stringify({ ...sessionStorage }),
      indexedDb: JSON.stringify(records, shown),
      caches: cached.join("\n"),
      cookies: document.cookie,
    };
  });
}

/** Puts a text where a search has to find it again. */
export function plant(page: Page, text: string): Promise<void> {
  return page.evaluate(async (control) => {
    localStorage.setItem("canary-control", control);
    sessionStorage.setItem("canary-control", control);
    // biome-ignore lint/suspicious/noDocumentCookie: as a script would that sets one
    document.cookie = `canary-control=${control}; path=/`;
    await (await caches.open("canary-control")).put("/canary-control", new Response(control));
    await new Promise<void>((resolve, reject) => {
      const open = indexedDB.open("canary-control");
      open.onupgradeneeded = () => open.result.createObjectStore("texts");
      open.onerror = () => reject(open.error);
      open.onsuccess = () => {
        const change = open.result.transaction("texts", "readwrite");
        change.objectStore("texts").put(new TextEncoder().encode(control), "control");
        change.onerror = () => reject(change.error);
        change.oncomplete = () => {
          open.result.close();
          resolve();
        };
      };
    });
  }, text);
}
