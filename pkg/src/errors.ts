/**
 * What keyseal throws: a real `Error` with a stable `code`, and, where there is something to do, `next`.
 *
 * Codes that come from the companion are the ones of its HTTP API; the others are made in the browser:
 * `not_initialised`, `wasm_not_found`, `wasm_blocked`, `companion_unreachable`, `url_not_companion`,
 * `provider_ambiguous`, `entry_unknown`, and those of the vault itself (`storage_full`, `keyset_…`).
 *
 * @example
 * try {
 *   await vault.add(pasted);
 * } catch (error) {
 *   if (error instanceof KeysealError && error.code === "provider_ambiguous") {
 *     askWhich(error.alternatives);
 *   }
 * }
 */
export class KeysealError extends Error {
  override readonly name = "KeysealError";
  /** Stable, in snake_case. Branch on this, never on the message. */
  readonly code: string;
  /** What a person can do next, as a sentence. */
  readonly next: string | undefined;
  /** HTTP status, where the companion answered. */
  readonly status: number | undefined;
  /** For `provider_ambiguous`: the ids of the providers it could be. */
  readonly alternatives: readonly string[];

  /**
   * Errors of an app's own, where they are shown beside these.
   *
   * @example
   * const error = new KeysealError("quota_spent", "This month's requests are used up.", { next: "Wait for the next." });
   * show(error.message, error.next);
   */
  constructor(
    code: string,
    message: string,
    more: {
      next?: string | undefined;
      status?: number | undefined;
      alternatives?: readonly string[];
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.next = more.next;
    this.status = more.status;
    this.alternatives = more.alternatives ?? [];
  }

  /**
   * Makes a `KeysealError` of anything that was thrown; errors of the wasm carry `code` and `next` already.
   *
   * @example
   * const problem = KeysealError.from(caught);
   * show(problem.message, problem.next);
   */
  static from(thrown: unknown, otherwise = "unexpected"): KeysealError {
    if (thrown instanceof KeysealError) return thrown;
    if (thrown instanceof Error) {
      const { code, next } = thrown as { code?: unknown; next?: unknown };
      return new KeysealError(typeof code === "string" ? code : otherwise, thrown.message, {
        next: typeof next === "string" ? next : undefined,
        cause: thrown,
      });
    }
    return new KeysealError(otherwise, String(thrown), { cause: thrown });
  }
}

/** The code of anything that was thrown. */
export function codeOf(thrown: unknown): string {
  return KeysealError.from(thrown).code;
}

/** For `catch`: what was thrown is thrown on as a `KeysealError`. */
export function failed(thrown: unknown): never {
  throw KeysealError.from(thrown);
}

/** Runs a call into the wasm; what it throws becomes a `KeysealError`. */
export function translated<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    return failed(error);
  }
}

/** There is no such provider. What does not look like an id is not repeated: it may be a key in the wrong place. */
export function noProvider(id: unknown, next: string): KeysealError {
  const named = typeof id === "string" && /^[a-z0-9_]{1,32}$/.test(id) ? ` "${id}"` : " of this id";
  return new KeysealError("provider_unknown", `There is no provider${named}.`, { next });
}
