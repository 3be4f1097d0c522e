// The first import takes the link's code out of the address bar before anything else runs, or fails.
import { link } from "./app/link.js";
import css from "./app/page.css?inline";
import { KeysealPage } from "./app/page.js";
import { applyTheme, theme } from "./app/theme.js";

// With the script, as there is nothing to see before it: one request less to wait for.
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);
applyTheme(theme());
KeysealPage.link = link;
customElements.define("keyseal-page", KeysealPage);
