export interface PrintedSheet {
  title: string;
  /** In groups, as it is typed. */
  code: readonly string[];
  lines: readonly string[];
}

const STYLE = `
  @page { margin: 25mm; }
  body { margin: 0; color: #000; background: #fff; font: 12pt/1.5 system-ui, sans-serif; }
  h1 { margin: 0 0 8mm; font-size: 16pt; }
  ol { display: grid; grid-template-columns: repeat(4, max-content); gap: 6mm 10mm; margin: 0 0 10mm;
    padding: 8mm; border: 1px solid #000; list-style: none; width: max-content;
    font: 18pt/1 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; letter-spacing: 0.05em; }
  p { max-width: 120mm; margin: 0 0 4mm; }
`;

/**
 * Prints a sheet of its own: a page around the element must not stand on the paper, and its styles are not ours to
 * change. Nothing of it stays in the page.
 */
export function printSheet(root: HTMLElement | DocumentFragment, sheet: PrintedSheet): void {
  const frame = root.ownerDocument.createElement("iframe");
  frame.className = "hidden";
  frame.tabIndex = -1;
  frame.title = sheet.title;
  frame.setAttribute("aria-hidden", "true");
  root.append(frame);
  const { contentDocument: paper, contentWindow: view } = frame;
  if (!paper || !view) return;
  draw(paper, sheet);
  view.addEventListener("afterprint", () => setTimeout(() => frame.remove()));
  view.print();
}

function draw(paper: Document, { title, code, lines }: PrintedSheet): void {
  const Sheet = paper.defaultView?.CSSStyleSheet;
  if (Sheet) {
    const style = new Sheet();
    style.replaceSync(STYLE);
    paper.adoptedStyleSheets = [style];
  }
  paper.title = title;
  const element = (name: string, text = ""): HTMLElement => {
    const made = paper.createElement(name);
    made.textContent = text;
    return made;
  };
  const groups = element("ol");
  groups.append(...code.map((group) => element("li", group)));
  paper.body.append(element("h1", title), groups, ...lines.map((line) => element("p", line)));
}
