import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { lexer, type MarkedToken, type Token, type Tokens } from "marked";
import { strings } from "../strings.js";
import "./code-block.js";

type Content = TemplateResult | string | typeof nothing | Content[];

const WORDS = strings.playground;
/** Deeper than people nest; what is deeper stands as it was written. */
const MOST_LEVELS = 24;
/** The last blocks may still grow into something else as more text comes. */
const UNSETTLED = 2;
const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/**
 * Markdown as it streams in, as Lit templates: no HTML is ever parsed, so what a model writes is text, whatever it
 * writes. Only the end of the text is read again when more comes.
 */
export class Markdown {
  #settled: Token[] = [];
  #settledText = "";

  render(text: string): Content {
    const plain = text.replace(/\r\n?/g, "\n");
    if (!plain.startsWith(this.#settledText)) {
      this.#settled = [];
      this.#settledText = "";
    }
    const rest = plain.slice(this.#settledText.length);
    const tail = blocksOf(rest);
    const blocks = [...this.#settled, ...tail];
    this.#settle(rest, tail);
    return blocks.map((block) => guard([block], () => blockOf(block, 0)) as unknown as Content);
  }

  #settle(rest: string, tail: readonly Token[]): void {
    const keep = tail.filter(({ type }) => type !== "space").at(-UNSETTLED);
    const done = keep ? tail.slice(0, tail.indexOf(keep)) : [];
    const raw = done.map((block) => block.raw).join("");
    if (!raw || !rest.startsWith(raw)) return;
    this.#settled.push(...done);
    this.#settledText += raw;
  }
}

function blocksOf(text: string): Token[] {
  try {
    return lexer(text);
  } catch {
    // Nested beyond what the parser can take: as it was written.
    return [{ type: "paragraph", raw: text, text, tokens: [{ type: "text", raw: text, text }] }];
  }
}

function blockOf(token: Token, level: number): Content {
  if (level > MOST_LEVELS) return html`<p>${token.raw}</p>`;
  const inner = (tokens: Token[] | undefined) => (tokens ?? []).map((it) => blockOf(it, level + 1));
  const block = token as MarkedToken;
  switch (block.type) {
    case "heading":
      return heading(block.depth, inlines(block.tokens, level));
    case "paragraph":
      return html`<p dir="auto">${inlines(block.tokens, level)}</p>`;
    case "code":
      return html`<keyseal-code .text=${block.text} .language=${block.lang ?? ""}></keyseal-code>`;
    case "blockquote":
      return html`<blockquote dir="auto">${inner(block.tokens)}</blockquote>`;
    case "hr":
      return html`<hr />`;
    case "list":
      return list(block, level);
    case "table":
      return table(block, level);
    case "space":
    case "def":
      return nothing;
    case "html":
      return html`<p dir="auto">${block.raw}</p>`;
    default:
      // In tight lists the text stands without a paragraph.
      return inline(token, level);
  }
}

function heading(depth: number, content: Content): TemplateResult {
  // The page has the first two levels.
  if (depth <= 1) return html`<h3 dir="auto">${content}</h3>`;
  if (depth === 2) return html`<h4 dir="auto">${content}</h4>`;
  return html`<h5 dir="auto">${content}</h5>`;
}

function list(block: Tokens.List, level: number): TemplateResult {
  const items = block.items.map(
    (item) => html`<li dir="auto">${item.tokens.map((it) => blockOf(it, level + 1))}</li>`,
  );
  return block.ordered
    ? html`<ol start=${block.start === "" ? 1 : block.start}>${items}</ol>`
    : html`<ul>${items}</ul>`;
}

function table(block: Tokens.Table, level: number): TemplateResult {
  const row = (cells: Tokens.TableCell[]) =>
    cells.map(({ header, align, tokens }) => {
      const content = inlines(tokens, level);
      return header
        ? html`<th scope="col" class=${align ?? nothing}>${content}</th>`
        : html`<td class=${align ?? nothing}>${content}</td>`;
    });
  return html`
    <div class="table" role="region" aria-label=${WORDS.table} tabindex="0">
      <table>
        <thead><tr>${row(block.header)}</tr></thead>
        <tbody>${block.rows.map((cells) => html`<tr>${row(cells)}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

function inlines(tokens: Token[] | undefined, level: number): Content {
  return (tokens ?? []).map((token) => inline(token, level + 1));
}

function inline(token: Token, level: number): Content {
  if (level > MOST_LEVELS) return token.raw;
  const it = token as MarkedToken;
  switch (it.type) {
    case "strong":
      return html`<strong>${inlines(it.tokens, level)}</strong>`;
    case "em":
      return html`<em>${inlines(it.tokens, level)}</em>`;
    case "del":
      return html`<del>${inlines(it.tokens, level)}</del>`;
    case "codespan":
      return html`<code>${it.text}</code>`;
    case "br":
      return html`<br />`;
    case "link":
      return link(it.href, inlines(it.tokens, level));
    case "image":
      // Never loaded: the address of an image can carry what was said to somebody else's server.
      return html`<span class="image">${WORDS.image(decoded(it.text))} ${link(it.href, WORDS.imageLink)}</span>`;
    case "checkbox":
      return it.checked ? "☑ " : "☐ ";
    case "text":
      return it.tokens ? inlines(it.tokens, level) : decoded(it.text);
    case "escape":
      return it.text;
    default:
      return token.raw;
  }
}

/** A link that says where it leads and tells nobody where from; what leads elsewhere than to a page is text. */
function link(to: string, content: Content): Content {
  const url = addressOf(decoded(to));
  if (!url || !SCHEMES.has(url.protocol)) return content;
  return html`<a
    href=${url.href}
    title=${url.href}
    target="_blank"
    rel="noopener noreferrer nofollow"
    >${content}</a
  >`;
}

function addressOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    // Not a whole address: it would lead somewhere in this page's own site.
    return undefined;
  }
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

/** The character references that models write; others stand as they are. */
function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi,
    (whole, dec, hex, name) => {
      if (name) return NAMED[name.toLowerCase()] ?? whole;
      const code = Number.parseInt(dec ?? hex, dec ? 10 : 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
