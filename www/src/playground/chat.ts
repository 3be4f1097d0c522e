import { EventSourceParserStream } from "eventsource-parser/stream";
import { type Entry, KeysealError, type Vault } from "keyseal";
import type { Key, Message, Told } from "./conversation.js";

export interface Request {
  /** Where OpenAI-compatible chat is answered, at the companion. */
  url: string;
  /** Whose keys; without it the companion chooses. */
  provider?: string;
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
  usage?: {
    prompt_tokens?: number;
    completion_tokens?: number;
    total_tokens?: number;
    cost?: number;
  } | null;
  error?: { message?: string };
}

/** Hears of an answer as it comes. */
export interface Listener {
  text(piece: string): void;
  /** What is known besides the text: first when the answer begins, or is refused. */
  told(told: Told): void;
}

/** Sends a conversation; the answer goes to the listener. */
export async function chat(vault: Vault, request: Request, listener: Listener): Promise<void> {
  const response = await answered(vault, request);
  let told = begun(vault, request, response);
  const tell = (more: Partial<Told>) => {
    told = { ...told, ...more };
    listener.told(told);
  };
  tell({});
  if (!response.ok) throw refused(response, await response.text());
  for await (const chunk of chunks(response)) {
    if (chunk === "end") return tell({ complete: true });
    if (chunk.error) throw new KeysealError("upstream_error", chunk.error.message ?? "");
    const choice = chunk.choices?.[0];
    const text = choice?.delta?.content ?? choice?.message?.content;
    if (text) listener.text(text);
    if (chunk.usage) tell(counted(chunk.usage));
  }
}

function begun(vault: Vault, request: Request, response: Response): Told {
  const served = vault.servedBy(response);
  return {
    // Which model `auto` came to, the companion says.
    model: response.headers.get("Keyseal-Model") ?? request.model,
    key: served && served !== "platform" ? shown(served) : served,
    passed: passedOver(vault, request, response),
    path: pathOf(response, served),
    tokens: { input: null, output: null, total: null },
    costUsd: null,
    complete: false,
  };
}

function shown({ keyHint, label }: Entry): Key {
  return { hint: keyHint, label };
}

/** The first in order, where another key served without being named. */
function passedOver(vault: Vault, { provider, entry }: Request, response: Response) {
  const served = vault.servedBy(response);
  if (!served || entry) return undefined;
  const id = served === "platform" ? undefined : served.id;
  // Where the companion chooses it knows of its own keys alone: only an answer that another one came before says it.
  const again = Number(response.headers.get("Keyseal-Attempts")) > 1;
  const whose = provider ?? (again && served !== "platform" ? served.provider : undefined);
  const first = vault.entries.find((each) => each.provider === whose && isInUse(each));
  return first && first.id !== id ? shown(first) : undefined;
}

function isInUse({ isActive, expiresAt }: Entry): boolean {
  return isActive && !(expiresAt && Date.parse(expiresAt) <= Date.now());
}

function pathOf(response: Response, served: Entry | "platform" | null): Told["path"] {
  if (response.headers.get("Keyseal-Path") === "relay") return "relay";
  return served && served !== "platform" && served.storage === "browser" ? "envelope" : "forward";
}

function counted(usage: NonNullable<Chunk["usage"]>): Partial<Told> {
  const number = (value: unknown) => (typeof value === "number" && value >= 0 ? value : null);
  const [input, output] = [number(usage.prompt_tokens), number(usage.completion_tokens)];
  return {
    tokens: { input, output, total: number(usage.total_tokens) },
    costUsd: number(usage.cost),
  };
}

async function answered(vault: Vault, request: Request): Promise<Response> {
  const response = await sent(vault, request, true);
  if (response.ok || response.status >= 500) return response;
  // Some compatible providers refuse a member that they do not know: the token count is not worth failing over.
  const unknown = (await response.clone().text()).includes("stream_options");
  return unknown ? sent(vault, request, false) : response;
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
  let message = "";
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
