// The first import takes the link's code out of the address bar before anything else runs, or fails.
import { link } from "./app/link.js";
import { KeysealPage } from "./app/page.js";
import { applyTheme, theme } from "./app/theme.js";

applyTheme(theme());
KeysealPage.link = link;
customElements.define("keyseal-page", KeysealPage);
