import { expect, type Locator, type Page } from "@playwright/test";

export type Storage = "synced" | "browser";

const CARD = { synced: "On all my devices", browser: "Only in this browser" } as const;

/** The page as a person sees it: by the names and roles of what stands on it. */
export class SecureStore {
  constructor(readonly page: Page) {}

  /** The list has been loaded, with keys or without. */
  async ready(): Promise<void> {
    await expect(this.page.getByRole("heading", { name: "Secure Store", level: 1 })).toBeVisible();
  }

  /** Opens the dialog and pastes, from the clipboard, as people do. */
  async paste(key: string): Promise<Locator> {
    await this.page.getByRole("button", { name: "Add a key" }).first().click();
    const dialog = this.page.getByRole("dialog", { name: "Add a key" });
    await this.page.evaluate((text) => navigator.clipboard.writeText(text), key);
    await dialog.getByLabel("API key").press("ControlOrMeta+V");
    await this.page.evaluate(() => navigator.clipboard.writeText(""));
    return dialog;
  }

  /** Pastes, chooses where it lives, and seals. */
  async submit(key: string, storage: Storage, label = ""): Promise<Locator> {
    const dialog = await this.paste(key);
    await dialog.getByRole("radio", { name: CARD[storage] }).check({ force: true });
    if (label) await dialog.getByRole("textbox", { name: "Label" }).fill(label);
    await dialog.getByRole("button", { name: "Seal and store" }).click();
    return dialog;
  }

  /** Adds a key, all the way to a good test. */
  async add(key: string, storage: Storage, label = ""): Promise<void> {
    const dialog = await this.submit(key, storage, label);
    await expect(dialog.getByRole("status")).toContainText("accepts this key");
    await dialog.getByRole("button", { name: "Done" }).click();
    await expect(dialog).toBeHidden();
  }

  /** The row of a key, by the end of its mask. */
  row(key: string): Locator {
    return this.page.getByRole("group", { name: new RegExp(`key .*…${key.slice(-4)}\\b`) });
  }

  async revoke(key: string): Promise<void> {
    const row = this.row(key);
    await row.getByRole("button", { name: /^More for / }).click();
    await row.getByRole("menuitem", { name: /^Revoke/ }).click();
    await this.page.getByRole("button", { name: "Revoke key" }).click();
    await expect(row).toHaveCount(0);
  }

  async goTo(view: "Keys" | "Playground" | "Security"): Promise<void> {
    await this.page.getByRole("navigation").getByRole("link", { name: view }).click();
  }

  /** Sends a message under one key; the finished answer, and how its text grew. */
  async chat(key: string, message: string): Promise<{ text: string; steps: number }> {
    await this.goTo("Playground");
    const select = this.page.getByRole("combobox", { name: "Key" });
    await expect(this.page.getByRole("textbox", { name: "Message" })).toBeVisible();
    // Where there is only one there is nothing to choose.
    if (await select.count()) {
      const option = select.locator("option").filter({ hasText: `…${key.slice(-4)}` });
      await select.selectOption((await option.getAttribute("value")) ?? "");
    }
    const answers = this.page.getByRole("article", { name: "Answer" });
    await this.page.getByRole("textbox", { name: "Message" }).fill(message);
    await this.page.getByRole("button", { name: "Send" }).click();
    // What stood here before a reload may have come back until now: the answer is the one below the question.
    await expect(this.page.locator(".mine").filter({ hasText: message }).last()).toBeVisible();
    const answer = answers.last();
    const lengths = new Set<number>();
    await expect(async () => {
      lengths.add((await answer.textContent())?.length ?? 0);
      expect(await this.page.getByRole("button", { name: "Stop" }).count()).toBe(0);
    }).toPass({ intervals: [50], timeout: 30_000 });
    const text = (await answer.textContent()) ?? "";
    await this.goTo("Keys");
    return { text, steps: lengths.size };
  }

  /** All text of the page, that of every shadow root and the values of fields included. */
  everything(): Promise<string> {
    return this.page.evaluate(() => {
      const texts: string[] = [];
      const read = (root: Document | ShadowRoot | Element) => {
        for (const node of root.querySelectorAll("*")) {
          for (const { name, value } of node.attributes) texts.push(`${name}=${value}`);
          if ("value" in node) texts.push(String(node.value));
          for (const child of node.childNodes) {
            if (child.nodeType === Node.TEXT_NODE) texts.push(child.textContent ?? "");
          }
          if (node.shadowRoot) read(node.shadowRoot);
        }
      };
      read(document);
      return texts.join("\n");
    });
  }
}
