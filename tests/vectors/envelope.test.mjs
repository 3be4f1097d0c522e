// Every check of a session and of a request envelope, each alone: everything else about it is good.
// Made with `jose`, which makes what our own library would refuse to.

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { demoKey } from "../support/canary.mjs";
import { now, requestWithJose, sessionWithJose, sha256 } from "../support/jose.mjs";
import { chat, chatPath, companionForUsers } from "../support/users.mjs";

const sub = "user-1";
const { key } = demoKey();
let companion;
let call;
let token;
let otherToken;
let jwk;

before(async () => {
  const started = await companionForUsers({
    env: { KEYSEAL__LIMITS__SESSIONS_PER_MINUTE: "100000" },
  });
  ({ companion, call } = started);
  token = await started.tokenFor(sub);
  otherToken = await started.tokenFor("user-2");
  jwk = (await (await fetch(`${companion.url}/.well-known/jwks.json`)).json()).keys[0];
});

after(() => companion?.remove());

const good = () => ({
  key,
  provider: "demo",
  sub,
  m: "POST",
  p: chatPath,
  iat: now(),
  jti: randomUUID(),
});

const session = (more = {}) => sessionWithJose({ sub, token, jwk, ...more });

const send = (session, envelope, as = token) =>
  call(as, "POST", chatPath, chat, { "keyseal-session": session, "keyseal-key": envelope });

async function works(one) {
  const answer = await send(one.session, await requestWithJose(good(), one));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("keyseal-served-by"), "envelope");
}

async function refused(answer, code, what) {
  const answered = await answer;
  assert.equal(answered.json?.code, code, `${what}: ${answered.text}`);
  assert.ok(answered.status >= 400 && answered.status < 500, what);
  assert.equal(answered.headers.get("keyseal-error"), code);
  assert.ok(!answered.text.includes(key), what);
}

const SESSIONS = {
  "another user's": [{ sub: "user-2" }, "envelope_mismatch"],
  "nobody's": [{ sub: "" }, "envelope_mismatch"],
  "another token's": [{ ath: sha256("another token") }, "envelope_mismatch"],
  "no token's": [{ ath: "" }, "envelope_mismatch"],
  "longer than an hour": [{ iat: now(), exp: now() + 3601 }, "envelope_mismatch"],
  "of no time": [{ iat: now() + 30, exp: now() + 30 }, "envelope_mismatch"],
  backwards: [{ iat: now() + 30, exp: now() }, "envelope_mismatch"],
  "as long as can be": [
    { iat: Number.MIN_SAFE_INTEGER, exp: Number.MAX_SAFE_INTEGER },
    "envelope_mismatch",
  ],
  "from the future": [{ iat: now() + 600, exp: now() + 3600 }, "envelope_expired"],
  ended: [{ iat: now() - 3500, exp: now() - 1 }, "envelope_expired"],
  "ended long ago": [{ iat: 1, exp: 3000 }, "envelope_expired"],
  "of another version": [{ v: 2 }, "envelope_mismatch"],
  "with a member more": [{ admin: true }, "envelope_mismatch"],
  "without a time": [{ iat: undefined }, "envelope_mismatch"],
  "with a time that is no number": [{ exp: "3600" }, "envelope_mismatch"],
  "with a short key": [{ k: randomBytes(16).toString("base64url") }, "envelope_mismatch"],
};

for (const [what, [claims, code]] of Object.entries(SESSIONS)) {
  test(`a session that is ${what} is refused: ${code}`, async () => {
    const bad = await session({ claims });
    await refused(send(bad.session, await requestWithJose(good(), bad)), code, what);
    // And again: nothing of it was kept the first time.
    await refused(send(bad.session, await requestWithJose(good(), bad)), code, what);
  });
}

const ENVELOPES = {
  "another user's": [{ sub: "user-2" }, "envelope_mismatch"],
  "for another method": [{ m: "GET" }, "envelope_mismatch"],
  "for the method in lower case": [{ m: "post" }, "envelope_mismatch"],
  "for another path": [{ p: "/forward/demo/v1/models" }, "envelope_mismatch"],
  "for the path with a query": [{ p: `${chatPath}?a=b` }, "envelope_mismatch"],
  "for the path with a slash more": [{ p: `${chatPath}/` }, "envelope_mismatch"],
  "for another provider": [{ provider: "openai" }, "envelope_mismatch"],
  "for a host of its own": [{ hosts: ["evil.example.com"] }, "host_refused"],
  "for two hosts": [{ hosts: ["a.example.com", "b.example.com"] }, "envelope_mismatch"],
  "too old": [{ iat: now() - 130 }, "envelope_expired"],
  "from the future": [{ iat: now() + 600 }, "envelope_expired"],
  "as old as can be": [{ iat: Number.MIN_SAFE_INTEGER }, "envelope_expired"],
  "as young as can be": [{ iat: Number.MAX_SAFE_INTEGER }, "envelope_expired"],
  "without a name": [{ jti: "" }, "envelope_mismatch"],
  "with a name of 65 bytes": [{ jti: "j".repeat(65) }, "envelope_mismatch"],
  "with a name of 66 bytes in 33 letters": [{ jti: "ä".repeat(33) }, "envelope_mismatch"],
  "of another version": [{ v: 2 }, "envelope_mismatch"],
  "with a member more": [{ rid: "entry" }, "envelope_mismatch"],
  "without a key": [{ key: "" }, "envelope_mismatch"],
  "with a key that is no header": [{ key: "sk-\r\nx: y" }, "envelope_mismatch"],
};

for (const [what, [claims, code]] of Object.entries(ENVELOPES)) {
  test(`a request envelope that is ${what} is refused: ${code}`, async () => {
    const fresh = await session();
    const known = await session();
    await works(known);
    for (const one of [fresh, known]) {
      const bad = await requestWithJose({ ...good(), ...claims }, one);
      await refused(send(one.session, bad), code, what);
      // What was refused used nothing up, and the session is as good as before.
      await works(one);
    }
  });
}

test("a name may be of 64 bytes", async () => {
  const one = await session();
  const jti = randomBytes(32).toString("hex");
  const answer = await send(one.session, await requestWithJose({ ...good(), jti }, one));
  assert.equal(answer.status, 200, answer.text);
});

test("a session and its envelopes are of no use to who has another token", async () => {
  const fresh = await session();
  const known = await session();
  await works(known);
  for (const one of [fresh, known]) {
    const envelope = await requestWithJose(good(), one);
    await refused(send(one.session, envelope, otherToken), "envelope_mismatch", "another user");
    // It was not used up by the thief either.
    assert.equal((await send(one.session, envelope)).status, 200);
  }
});

test("one name is good once, whatever session and envelope it comes in", async () => {
  const [one, other] = [await session(), await session()];
  const claims = good();
  assert.equal((await send(one.session, await requestWithJose(claims, one))).status, 200);
  for (const again of [one, other]) {
    const copy = await requestWithJose({ ...claims, iat: now() }, again);
    await refused(send(again.session, copy), "replayed", "the same name");
  }
});

test("a message of another type, form or key is refused before or at its opening", async () => {
  const [one, other] = [await session(), await session()];
  const envelope = () => requestWithJose(good(), one);
  const header = { typ: "keyseal-vault+jwe" };
  const odd = await session({ header });
  const foreign = await session({ header: { kid: "A".repeat(43) } });
  // Named by the hash of just these bytes.
  const spelled = async (session) => {
    return [{ session }, await requestWithJose(good(), { key: one.key, kid: sha256(session) })];
  };
  const cases = [
    ["an envelope of another type", one, await requestWithJose(good(), one, header), "malformed"],
    ["a header more", one, await requestWithJose(good(), one, { cty: "JWT" }), "malformed"],
    ["a session of another type", odd, await requestWithJose(good(), odd), "malformed"],
    ["a session in an envelope's place", one, one.session, "malformed"],
    ["another session's", other, await envelope(), "refused"],
    [
      "under another key",
      one,
      await requestWithJose(good(), { ...other, kid: one.kid }),
      "refused",
    ],
    ["another companion's", foreign, await requestWithJose(good(), foreign), "unknown_kid"],
    ["padded", ...(await spelled(`${one.session}=`)), "malformed"],
    ["with a part more", ...(await spelled(`${one.session}.AA`)), "malformed"],
  ];
  for (const [what, sent, sealed, code] of cases) {
    const named = code === "unknown_kid" ? code : `envelope_${code}`;
    await refused(send(sent.session, sealed), named, what);
  }
  await works(one);
});

test("what jose makes of random sizes opens, and its key arrives whole", async () => {
  for (const size of [8, 15, 16, 17, 255, 1024, 2000]) {
    const long = `demo-${randomBytes(size).toString("hex").slice(0, size)}`;
    const one = await session();
    const jti = randomBytes(1 + (size % 32)).toString("hex");
    const answer = await send(
      one.session,
      await requestWithJose({ ...good(), key: long, jti }, one),
    );
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.text.includes(long.slice(-4)), `${size}`);
  }
});
