// What every app below does with the package, whichever way it was built: a key is sealed in both
// ways, and the companion opens what came out.

/** Works under `input`: the companion's address, a token, and two keys of the demo provider. */
export async function use(
  { Vault, init, newEntryId, sealKey },
  { companion, token, keys, relayed },
  relay,
) {
  const vault = await Vault.open({ companion, token: () => token, ...(relay ? { relay } : {}) });
  const provider = "demo";
  const synced = await vault.add(keys[0], { provider, label: "synced" });
  const browser = await vault.add(keys[1], { provider, label: "browser", storage: "browser" });
  const tested = [await vault.test(synced.id), await vault.test(browser.id)];
  const answers = [await ask(vault, synced.id), await ask(vault, browser.id)];

  await init();
  const [jwk] = (await json(`${companion}/.well-known/jwks.json`)).keys;
  const rid = newEntryId();
  const sealedKey = sealKey(keys[0], { jwk, provider, sub: vault.sub, rid });
  const stored = await fetch(`${companion}/api/v1/api-keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ id: rid, provider, sealedKey }),
  });
  return {
    hints: [synced.keyHint, browser.keyHint],
    statuses: tested.map(({ status }) => status),
    answers,
    stored: stored.status,
    ...(relay ? { relayed: await askByRelay(vault, relayed) } : {}),
  };
}

/** The end of the key that the demo provider saw: it says so in its answer. */
async function ask(vault, entry) {
  const answer = await vault.fetch(`${vault.baseURL("demo")}/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Keyseal-Entry": entry },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content: "Which key?" }] }),
  });
  const text = (await answer.json()).choices[0].message.content;
  return /key that ends in (\S{4})/.exec(text)?.[1];
}

/**
 * A key for a provider that the companion cannot reach: the error is the companion's, so wasm and worker were found.
 */
async function askByRelay(vault, { key, host }) {
  await vault.add(key, { provider: "openai", storage: "browser", host });
  const asked = vault.fetch(`${vault.baseURL("openai")}/models`);
  return asked.then(
    ({ status }) => status,
    ({ code }) => code,
  );
}

async function json(url) {
  return (await fetch(url)).json();
}

/** In a page: the input is in the address, the result becomes the text of the page. */
export async function run(keyseal, relay) {
  let result;
  try {
    result = await use(keyseal, JSON.parse(decodeURIComponent(location.hash.slice(1))), relay);
  } catch ({ name, code, message, next }) {
    result = { error: { name, code, message, next } };
  }
  document.body.textContent = JSON.stringify(result);
}
