/** Lets the browser save a text as a file. */
export function save(near: Element, text: string, type: string, name: string): void {
  const link = near.ownerDocument.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // The browser has begun with it by then, or never will.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
