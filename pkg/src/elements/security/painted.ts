/**
 * Waits until what was just drawn can be seen. Stretching a passphrase keeps the page busy for about a second: it
 * says so before, not after. A page in the background paints nothing, and is not waited for.
 */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, 100);
    requestAnimationFrame(() =>
      setTimeout(() => {
        clearTimeout(late);
        resolve();
      }),
    );
  });
}
