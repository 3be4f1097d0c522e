// A companion that answers `fetch` without a network: what it was asked is kept, what it says can be set.

import * as jose from "jose";
import { now, rsaPair } from "../../tests/support/jose.mjs";

export const URL_OF_COMPANION = "https://keys.example.com";

const text = new TextDecoder();

/** A token as an identity provider makes them: offline, the vault reads its `sub`. */
export function tokenFor(sub) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part({ sub })}.signature`;
}

// Making key pairs takes most of the time: the same few serve every test.
const pairs = {
  identity: await rsaPair("sig", "PS256"),
  otherIdentity: await rsaPair("sig", "PS256"),
  keys: [await rsaPair("enc", "RSA-OAEP-256"), await rsaPair("enc", "RSA-OAEP-256")],
};

export class FakeCompanion {
  /** Every request, oldest first: { method, path, headers, body }. */
  asked = [];
  /** The entries it holds, as it lists them. */
  keys = [];
  /** Answers instead of the usual ones, by "METHOD path": a function of the request. */
  instead = new Map();
  reachable = true;
  #seq = 0;

  static async make() {
    const companion = new FakeCompanion();
    companion.identity = pairs.identity;
    await companion.rotate();
    return companion;
  }

  /** Becomes another companion at the same address. */
  async takeOver() {
    this.identity = pairs.otherIdentity;
    await this.rotate();
  }

  /** Puts another key in the place of the current one, signed for by the same identity. */
  async rotate() {
    this.current = pairs.keys[this.#seq % pairs.keys.length];
    this.#seq += 1;
    const payload = {
      v: 1,
      issuer: URL_OF_COMPANION,
      seq: this.#seq,
      iat: now(),
      exp: now() + 30 * 86_400,
      keys: [this.current.jwk],
    };
    this.keyset = await new jose.CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({
        alg: "PS256",
        typ: "keyseal-keyset+jws",
        kid: this.identity.jwk.kid,
      })
      .sign(this.identity.privateKey);
  }

  /** Takes the place of the global `fetch` until the test is over. */
  serve(test) {
    const real = globalThis.fetch;
    globalThis.fetch = (input, init) => this.#answer(new Request(input, init));
    test.after(() => {
      globalThis.fetch = real;
    });
  }

  async open(sealedKey) {
    const { plaintext } = await jose.generalDecrypt(sealedKey, this.current.privateKey);
    return JSON.parse(text.decode(plaintext));
  }

  async openEnvelope(headers) {
    const session = await jose.compactDecrypt(
      headers.get("keyseal-session"),
      this.current.privateKey,
    );
    const { k } = JSON.parse(text.decode(session.plaintext));
    const key = jose.base64url.decode(k);
    const request = await jose.compactDecrypt(headers.get("keyseal-key"), key);
    return JSON.parse(text.decode(request.plaintext));
  }

  /** Requests to a path, oldest first. */
  askedFor(method, path) {
    return this.asked.filter((request) => request.method === method && request.path === path);
  }

  async #answer(request) {
    const { pathname } = new URL(request.url);
    request.signal.throwIfAborted();
    const body = await request.text();
    const asked = {
      method: request.method,
      path: pathname,
      headers: request.headers,
      body: body && JSON.parse(body),
    };
    this.asked.push(asked);
    if (!this.reachable) throw new TypeError("fetch failed");
    const instead = this.instead.get(`${asked.method} ${pathname}`);
    return (await instead?.(asked)) ?? this.#usual(asked);
  }

  #usual({ method, path, body }) {
    const entry = this.keys.find(({ id }) => path.startsWith(`/api/v1/api-keys/${id}`));
    switch (`${method} ${entry ? path.replace(entry.id, ":id") : path}`) {
      case "GET /.well-known/keyseal":
        return json({
          identity: this.identity.jwk,
          keyset: this.keyset,
          limits: {},
          now: now(),
        });
      case "GET /api/v1/me":
        return json({ sub: "user-1", tier: "community", settings: {}, limits: {} });
      case "GET /api/v1/providers":
        return json({
          providers: [{ id: "openai", name: "Not this name", chatPath: "/v1/chat/completions" }],
        });
      case "GET /api/v1/api-keys":
        return json({ keys: this.keys });
      case "POST /api/v1/api-keys":
        return this.#create(body);
      case "POST /api/v1/api-keys/reorder":
        for (const key of this.keys) key.priority = body.ids.indexOf(key.id);
        return json({ keys: this.keys });
      case "PATCH /api/v1/api-keys/:id":
        return json(Object.assign(entry, body));
      case "DELETE /api/v1/api-keys/:id":
        this.keys = this.keys.filter((key) => key !== entry);
        return new Response(null, { status: 204 });
      case "POST /api/v1/api-keys/:id/test":
      case "POST /api/v1/test/openai":
        return json({
          status: "valid",
          statusDetail: null,
          testedAt: new Date().toISOString(),
          latencyMs: 5,
        });
      default:
        return path.startsWith("/forward/")
          ? json({ ok: true }, 200, { "Keyseal-Served-By": "envelope" })
          : problem(404, "not_found");
    }
  }

  #create({ id, provider, sealedKey, label = null, priority = 0 }) {
    if (sealedKey.recipients[0].header.kid !== this.current.jwk.kid) {
      return problem(422, "unknown_kid");
    }
    const entry = {
      ...listed({ id, provider, priority }),
      label,
      sealedKey,
    };
    this.keys = [...this.keys.filter((key) => key.id !== id), entry];
    return json(entry, 201);
  }
}

/** An entry as the companion lists it. */
export function listed(facts) {
  return {
    category: "llm",
    label: null,
    keyHint: "sk-…abcd",
    storage: "synced",
    status: "untested",
    statusDetail: null,
    isValid: null,
    isActive: true,
    priority: 0,
    totalRequests: 0,
    totalTokens: 0,
    estimatedCostUsd: null,
    createdAt: "2026-11-01T00:00:00Z",
    lastTestedAt: null,
    lastUsedAt: null,
    expiresAt: null,
    needsReentry: false,
    sealedKey: {},
    ...facts,
  };
}

export function json(body, status = 200, headers = {}) {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

export function problem(status, code, next) {
  const body = { status, code, title: "A title.", detail: `What happened: ${code}.`, next };
  return json(body, status, { "keyseal-error": code });
}
