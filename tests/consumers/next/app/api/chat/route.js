import { createOpenAI } from "@ai-sdk/openai";
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  streamText,
  toUIMessageStream,
} from "ai";
import { companionOptions } from "keyseal/server";
import { companionToken } from "../../session.js";

export async function POST(request) {
  const { messages } = await request.json();
  const provider = createOpenAI(
    companionOptions({
      companion: process.env.COMPANION,
      token: await companionToken(),
      provider: "demo",
      flavour: "ai-sdk",
    }),
  );
  const { stream } = streamText({
    model: provider.chat("demo"),
    messages: await convertToModelMessages(messages),
  });
  return createUIMessageStreamResponse({ stream: toUIMessageStream({ stream }) });
}
