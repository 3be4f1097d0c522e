import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { launch } from "../../support/chromium.mjs";
import { barePage } from "../support/bare.js";
import { Furnished } from "../support/furnished.js";
import { pretendHistory } from "./history.js";

const images = fileURLToPath(new URL("../../../docs/images/", import.meta.url));
const DESK = { width: 1120, height: 760 };
const PHONE = { width: 390, height: 780 };

/** An app's settings page, as far as a picture needs one. */
function app(): void {
  addEventListener("DOMContentLoaded", () => {
    const css = new CSSStyleSheet();
    css.replaceSync(`
      body { margin: 0; display: grid; grid-template-columns: 12rem 1fr; min-height: 100vh;
        font: 15px/1.5 Georgia, serif; background: #f4efe6; color: #3b2f20; }
      nav { padding: 28px 24px; background: #e9dfce; } nav b { display: block; margin-bottom: 18px; font-size: 19px; }
      nav p { margin: 8px 0; } main { padding: 28px 36px; } h1 { margin: 0 0 18px; font-size: 24px; font-weight: 500; }
      iframe { width: 100%; border: 0; color-scheme: light; }`);
    document.adoptedStyleSheets = [css];
    const nav = document.createElement("nav");
    for (const [tag, text] of [
      ["b", "Almanac"],
      ["p", "Writing"],
      ["p", "Library"],
      ["p", "Settings"],
    ] as const) {
      nav.appendChild(document.createElement(tag)).textContent = text;
    }
    const main = document.createElement("main");
    main.appendChild(document.createElement("h1")).textContent = "Your AI keys";
    document.body.append(nav, main);
  });
}

test("pictures of the page, light, dark and on a phone; and of the frame in an app", async () => {
  const site = await barePage(`(${app})()`, "127.0.0.1");
  const furnished = await Furnished.set({ KEYSEAL__FRAME__ORIGINS: site.url });
  const browser = await launch();
  const { context, page } = await furnished.open(browser, {
    viewport: DESK,
    deviceScaleFactor: 1.5,
    reducedMotion: "reduce",
    colorScheme: "light",
  });
  await furnished.furnish(context, page);
  await page.reload();
  const shot = (name: string, of: Page = page) => of.screenshot({ path: `${images}${name}.png` });
  const goTo = async (name: string) => {
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
    await page.waitForLoadState("networkidle");
    await page.mouse.move(0, 0);
  };
  const inDark = async (name: string) => {
    await page.emulateMedia({ colorScheme: "dark" });
    await shot(name);
    await page.emulateMedia({ colorScheme: "light" });
  };

  await goTo("Keys");
  await shot("store-light");
  await inDark("store-dark");
  await page.setViewportSize(PHONE);
  await shot("store-phone");
  await page.setViewportSize(DESK);

  await page.getByRole("button", { name: "Add a key" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("API key").focus();
  await page.keyboard.insertText(`sk-ant-api03-${"x7Kp2mQ9".repeat(12).slice(0, 93)}AA`);
  await shot("add");
  await page.keyboard.press("Escape");

  const rows = await page.evaluate(async () => {
    const token = sessionStorage.getItem("keyseal.token");
    const answer = await fetch("/api/v1/api-keys", {
      headers: { Authorization: `Bearer ${token}` },
    });
    return ((await answer.json()) as { keys: { id: string; provider: string }[] }).keys;
  });
  await pretendHistory(context, Object.fromEntries(rows.map(({ id, provider }) => [provider, id])));
  await goTo("Usage");
  const bars = page.locator("keyseal-usage-chart canvas");
  const drawn = () => bars.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL().length);
  await expect.poll(drawn, "the bars are loaded, and drawn").toBeGreaterThan(8_000);
  await shot("usage");
  await inDark("usage-dark");
  await goTo("Security");
  await shot("security");
  await goTo("Activity");
  await shot("activity");

  await goTo("Playground");
  await page
    .getByRole("textbox", { name: "Message" })
    .fill("In one sentence: what is sealed here?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0);
  await page.mouse.move(0, 0);
  await shot("playground");

  const host = await context.newPage();
  await host.goto(site.url);
  const token = await page.evaluate(() => sessionStorage.getItem("keyseal.token") ?? "");
  await host.evaluate(
    async ({ src, token }) => {
      const { FramedVault } = await import(`${location.origin}/dist/frame/index.js`);
      const frame = document.createElement("iframe");
      frame.src = src;
      document.querySelector("main")?.append(frame);
      new FramedVault(frame, { token: () => token });
    },
    { src: `${furnished.companion.url}/frame`, token },
  );
  await expect(host.frameLocator("iframe").getByText("Valid").first()).toBeVisible();
  await shot("frame", host);

  await browser.close();
  await furnished.strike();
  await site.close();
});
