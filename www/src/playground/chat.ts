import { EventSourceParserStream } from "eventsource-parser/stream";
import { type Entry, KeysealError, type Vault } from "keyseal";

export interface Message {
  role: "user" | "assistant";
  content: string;
}

/** What came of one request, besides its text. */
export interface Told {
  model: string;
  servedBy: Entry | "platform" | null;
  tokens: number | null;
  /** The stream ended as the provider ends streams, not by a broken connection. */
  complete: boolean;
}

export interface Request {
  /** Path of OpenAI-compatible chat below the provider's origin. */
  url: string;
  model: string;
  messages: readonly Message[];
  /** Exactly this entry; otherwise the first in order. */
  entry?: string;
  signal: AbortSignal;
}

/** A chunk of a stream, or a whole answer: the two differ in where the text stands. */
interface Chunk {
  model?: string;
  choices?: { delta?: { content?: string }; message?: { content?: string } }[];
  usage?: { total_tokens?: number } | null;
  error?: { message?: string };
}

/** Sends a conversation and tells the answer's text as it comes. */
export async function chat(
  vault: Vault,
  request: Request,
  onText: (text: string) => void,
): Promise<Told> {
  const response = await answered(vault, request);
  const told: Told = {
    model: request.model,
    servedBy: vault.servedBy(response),
    tokens: null,
    complete: false,
  };
  for await (const chunk of chunks(response)) {
    if (chunk === "end") {
      told.complete = true;
      break;
    }
    if (chunk.error) throw new KeysealError("upstream_error", chunk.error.message ?? "");
    const choice = chunk.choices?.[0];
    const text = choice?.delta?.content ?? choice?.message?.content;
    if (text) onText(text);
    if (chunk.model) told.model = chunk.model;
    if (typeof chunk.usage?.total_tokens === "number") told.tokens = chunk.usage.total_tokens;
  }
  return told;
}

async function answered(vault: Vault, request: Request): Promise<Response> {
  const response = await sent(vault, request, true);
  if (response.ok) return response;
  const text = await response.text();
  // Some compatible providers refuse a member that they do not know: the token count is not worth failing over.
  if (response.status < 500 && text.includes("stream_options")) {
    const again = await sent(vault, request, false);
    if (again.ok) return again;
    throw refused(again, await again.text());
  }
  throw refused(response, text);
}

function sent(vault: Vault, request: Request, countTokens: boolean): Promise<Response> {
  const { url, model, messages, entry, signal } = request;
  return vault.fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(entry ? { "Keyseal-Entry": entry } : {}),
    },
    body: JSON.stringify({
      model,
      messages,
      stream: true,
      ...(countTokens ? { stream_options: { include_usage: true } } : {}),
    }),
    signal,
  });
}

async function* chunks(response: Response): AsyncGenerator<Chunk | "end"> {
  if (!response.headers.get("content-type")?.includes("text/event-stream") || !response.body) {
    yield (await response.json()) as Chunk;
    yield "end";
    return;
  }
  const reader = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value.data.trim() === "[DONE]" ? "end" : (JSON.parse(value.data) as Chunk);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The companion's own errors and the providers' come in the same shape. */
function refused(response: Response, text: string): KeysealError {
  const code = response.headers.get("Keyseal-Error") ?? `http_${response.status}`;
  let message = `The provider answered ${response.status}.`;
  let next: string | undefined;
  try {
    const body = JSON.parse(text);
    message = body.detail ?? body.error?.message ?? body.message ?? message;
    if (typeof body.next === "string") next = body.next;
  } catch {
    // Not JSON: the status has to do.
  }
  return new KeysealError(code, message, { status: response.status, next });
}
