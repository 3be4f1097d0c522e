/**
 * Registers an element. A second definition of a name is ignored: two copies of the package on one page, or a module
 * that is replaced while developing, must not stop the app. Where there are no elements, as on a server, nothing
 * happens.
 */
export function define(name: string, element: CustomElementConstructor): void {
  if (typeof customElements === "undefined" || customElements.get(name)) return;
  customElements.define(name, element);
}
