import { codeOf, KeysealError } from "../errors.js";

/** Gives the caller's token for the companion; asked before every request, so that it may change. */
export type TokenSource = () => string | Promise<string>;

const API_TIMEOUT_MS = 30_000;

/** What a call may have besides its path. */
interface More {
  json?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  token?: string;
}

/** The companion's JSON API, as calls that either answer or throw a `KeysealError`. */
export class Companion {
  /** Origin and path prefix, without a trailing slash. */
  readonly url: string;
  /** Told when the companion does not answer. */
  onUnreachable: (error: KeysealError) => void = () => {};
  /** Told when it answers again after that. */
  onReached: () => void = () => {};
  #away = false;

  readonly #prefix: string;
  readonly #token: TokenSource;

  constructor(url: string, token: TokenSource) {
    const { origin, prefix } = addressOf(url);
    this.#prefix = prefix;
    this.url = origin + prefix;
    this.#token = token;
  }

  async token(): Promise<string> {
    const token = await this.#token();
    if (typeof token !== "string" || token === "") {
      throw new KeysealError("unauthorized", "There is no token for the companion.", {
        next: "Sign in again; the token option must return the caller's token.",
      });
    }
    return token;
  }

  /** The error for a request that got no answer at all. */
  unreachable(cause: unknown): KeysealError {
    const message = `The companion at ${this.url} cannot be reached.`;
    const next = "Nothing is lost. Check the connection, or that the server runs, and try again.";
    const error = new KeysealError("companion_unreachable", message, { next, cause });
    this.#away = true;
    this.onUnreachable(error);
    return error;
  }

  /** It has answered. */
  reached(): void {
    if (!this.#away) return;
    this.#away = false;
    this.onReached();
  }

  /** The path of a URL as the companion sees it, or undefined if the URL is not below the companion. */
  pathOf(url: URL): string | undefined {
    if (url.origin !== new URL(this.url).origin) return undefined;
    if (this.#prefix && !url.pathname.startsWith(`${this.#prefix}/`)) return undefined;
    return url.pathname.slice(this.#prefix.length);
  }

  /** The companion's identity and key set; what they are worth is found out in the wasm. */
  async wellKnown(): Promise<object> {
    const response = await this.#send("GET", "/.well-known/keyseal", { cache: "no-store" });
    return (await this.#json(response)) as object;
  }

  async call<T>(method: string, path: string, more: More = {}): Promise<T> {
    const response = await this.answer(method, path, more);
    return (response.status === 204 ? undefined : await this.#json(response)) as T;
  }

  /** An answer as it came, for what is no JSON. */
  async answer(method: string, path: string, more: More = {}): Promise<Response> {
    const headers = new Headers(more.headers);
    headers.set("Authorization", `Bearer ${more.token ?? (await this.token())}`);
    const init: RequestInit = { headers, cache: "no-store" };
    if (more.json !== undefined) {
      headers.set("Content-Type", "application/json");
      init.body = JSON.stringify(more.json);
    }
    return this.#send(method, path, init, more.timeoutMs);
  }

  async #send(
    method: string,
    path: string,
    init: RequestInit,
    timeoutMs = API_TIMEOUT_MS,
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        ...init,
        method,
        credentials: "omit",
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw this.unreachable(error);
    }
    if (!response.ok) {
      const error = await problem(response);
      if (isAway(error)) this.#away = true;
      throw error;
    }
    this.reached();
    return response;
  }

  async #json(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (cause) {
      // What broke off on its way was no other's.
      throw cause instanceof SyntaxError
        ? notTheCompanion(response, cause)
        : this.unreachable(cause);
    }
  }
}

/** A companion's address in its two parts: where it is, and the path that it stands below. */
export function addressOf(url: string): { origin: string; prefix: string } {
  let parsed: URL;
  try {
    parsed = new URL(url, globalThis.location?.href);
  } catch (cause) {
    throw new KeysealError("validation", `The companion's address is not a URL: ${url}`, { cause });
  }
  if (parsed.protocol !== "https:" && parsed.protocol !== "http:") {
    throw new KeysealError(
      "validation",
      "The companion's address must begin with https:// or http://.",
    );
  }
  return { origin: parsed.origin, prefix: parsed.pathname.replace(/\/+$/, "") };
}

/** The error that an answer with a status of 400 and more stands for. */
async function problem(response: Response): Promise<KeysealError> {
  let body: { code?: unknown; detail?: unknown; title?: unknown; next?: unknown };
  try {
    body = await response.json();
  } catch (cause) {
    return notTheCompanion(response, cause);
  }
  const code = response.headers.get("Keyseal-Error") ?? body.code;
  if (typeof code !== "string") return notTheCompanion(response);
  const message = [body.detail, body.title].find((text) => typeof text === "string" && text !== "");
  return new KeysealError(
    code,
    (message as string | undefined) ?? `The companion answered ${response.status}.`,
    {
      next: typeof body.next === "string" ? body.next : undefined,
      status: response.status,
    },
  );
}

function notTheCompanion(response: Response, cause?: unknown): KeysealError {
  return new KeysealError(
    "unavailable",
    `Something other than the companion answered (${response.status}).`,
    {
      next: "Check the companion's address, and any proxy before it, then try again.",
      status: response.status,
      cause,
    },
  );
}

/** Whether an error says that there was no answer at all. */
export function isUnreachable(error: unknown): boolean {
  return codeOf(error) === "companion_unreachable";
}

/** No answer, or none that is the companion's own verdict on this caller: what is known here goes on being shown. */
export function isAway(error: unknown): boolean {
  return isUnreachable(error) || codeOf(error) === "unavailable";
}
