import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { FramedVault, type FrameView } from "../frame/index.js";
import type { TokenSource } from "../vault/companion.js";
import { define } from "./define.js";
import { emit } from "./events.js";
import * as strings from "./strings.js";
import { controls } from "./ui/controls.js";
import { problem } from "./ui/vault-element.js";

const ALLOWED = "publickey-credentials-get; publickey-credentials-create; clipboard-write";

/** The Secure Store of another origin, in a frame that this page's scripts cannot look into. */
export class Isolated extends LitElement {
  @property() src = "";
  @property({ attribute: false }) token: TokenSource | undefined;
  @property() view = "";
  @query("iframe") private frame!: HTMLIFrameElement;

  /** What this page holds of the vault in there. */
  framed: FramedVault | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    // Taken out and put back: the frame is loaded anew.
    if (this.hasUpdated) this.#hold();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.framed?.close();
    this.framed = undefined;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("src")) this.#hold();
    if (changed.has("view") && this.view) this.framed?.open(this.view as FrameView);
  }

  #hold(): void {
    this.framed?.close();
    const framed = new FramedVault(this.frame, {
      token: () => this.token?.() ?? "",
    });
    framed.addEventListener("change", () => {
      if (this.framed !== framed) return;
      this.requestUpdate();
      emit(this, "keyseal-framed", { framed });
    });
    this.framed = framed;
  }

  protected override render(): TemplateResult {
    const error = this.framed?.error;
    return html`
      ${error?.code === "frame_silent" ? problem(error) : nothing}
      <iframe src=${this.src} title=${strings.isolated.title} allow=${ALLOWED}></iframe>
    `;
  }

  static override styles = [
    controls,
    css`
      iframe {
        display: block;
        width: 100%;
        height: 420px;
        border: 0;
        color-scheme: inherit;
      }
    `,
  ];
}

define("keyseal-isolated", Isolated);
