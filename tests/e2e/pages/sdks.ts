// A page that uses the SDKs as their manuals say, with nothing but `vault.options()` in between.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, streamText } from "ai";
import { type Storage, Vault } from "keyseal";
import { relay } from "keyseal/relay";
import OpenAI from "openai";

/** What one SDK did: the whole answer, and the pieces of the streamed one. */
export interface Answers {
  plain: string;
  pieces: string[];
}

const prompt = "Good morning";
const messages = [{ role: "user" as const, content: prompt }];

const openai = (vault: Vault) => new OpenAI(vault.options("openai"));
const anthropic = (vault: Vault) => new Anthropic(vault.options("anthropic"));

/** Each SDK by its npm name. */
const sdks: Record<string, (vault: Vault) => Promise<Answers>> = {
  async openai(vault) {
    const { completions } = openai(vault).chat;
    const model = "gpt-5-mini";
    const whole = await completions.create({ model, messages });
    const pieces: string[] = [];
    for await (const chunk of await completions.create({ model, messages, stream: true }))
      pieces.push(chunk.choices[0]?.delta.content ?? "");
    return { plain: whole.choices[0]?.message.content ?? "", pieces };
  },

  async "@anthropic-ai/sdk"(vault) {
    const ask = { model: "claude-sonnet-4-5", max_tokens: 64, messages };
    const whole = await anthropic(vault).messages.create(ask);
    const [block] = whole.content;
    const pieces: string[] = [];
    for await (const event of anthropic(vault).messages.stream(ask))
      if (event.type === "content_block_delta" && event.delta.type === "text_delta")
        pieces.push(event.delta.text);
    return { plain: block?.type === "text" ? block.text : "", pieces };
  },

  async "@ai-sdk/openai"(vault) {
    return byAiSdk(createOpenAI(vault.options("openai", "ai-sdk")).chat("gpt-5-mini"));
  },

  async "@ai-sdk/anthropic"(vault) {
    return byAiSdk(createAnthropic(vault.options("anthropic", "ai-sdk"))("claude-sonnet-4-5"));
  },
};

async function byAiSdk(model: Parameters<typeof generateText>[0]["model"]): Promise<Answers> {
  const { text } = await generateText({ model, prompt });
  const pieces: string[] = [];
  for await (const piece of streamText({ model, prompt }).textStream) pieces.push(piece);
  return { plain: text, pieces };
}

let vault: Vault;

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));

const page = {
  /** Opens a vault and adds a key; the id of its entry. */
  async add(options: {
    companion: string;
    token: string;
    key: string;
    provider: string;
    storage: Storage;
    /** By the relay: the host that is sealed into the key, and the root it is trusted under. */
    host?: string;
    root?: string;
  }): Promise<string> {
    vault = await Vault.open({
      companion: options.companion,
      token: () => options.token,
      ...(options.root ? { relay: relay({ roots: [bytesOf(options.root)] }) } : {}),
    });
    const { id } = await vault.add(options.key, options);
    return id;
  },

  use: (sdk: string): Promise<Answers> | undefined => sdks[sdk]?.(vault),

  /** One question, with an SDK that tries again as its defaults say, or as told. */
  async ask(maxRetries?: number): Promise<string> {
    const options = {
      ...vault.options("openai"),
      ...(maxRetries === undefined ? {} : { maxRetries }),
    };
    const asked = { model: "gpt-5-mini", messages };
    try {
      const answer = await new OpenAI(options).chat.completions.create(asked);
      return answer.choices[0]?.message.content ?? "";
    } catch (error) {
      const { status, code } = error as { status?: number; code?: string };
      return `error ${status} ${code ?? ""}`.trim();
    }
  },

  /** A stream that is broken off after its first piece. */
  async breakOff(): Promise<string> {
    const asked = { model: "gpt-5-mini", messages, stream: true as const };
    const stream = await openai(vault).chat.completions.create(asked);
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content;
      if (text) return text;
    }
    return "";
  },

  revoke: (id: string) => vault.revoke(id),
};

declare global {
  interface Window {
    sdks: typeof page;
  }
}
window.sdks = page;
