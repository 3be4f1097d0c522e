import type { Entry, ProviderInfo, Vault } from "keyseal";

/** A provider that this person's keys can chat with. */
export interface Chatter {
  info: ProviderInfo;
  /** Its keys, in the order of use. */
  entries: readonly Entry[];
}

/** What can be asked of a provider. */
export interface Group {
  provider: string;
  name: string;
  models: readonly string[];
  /** False where the provider gave no list: only its usual model is known. */
  listed: boolean;
}

const FRESH_MS = 5 * 60_000;
/** Models for other things than chat: not offered, but any can be named. */
const NO_CHAT =
  /embed|whisper|\btts\b|dall-e|moderation|transcri|realtime|\bsora|rerank|babbage|davinci|\baudio\b|\bveo|imagen|image|\bocr\b|guard|speech/i;

export function chattersOf(vault: Vault, now = Date.now()): Chatter[] {
  return vault.providers
    .filter(({ chatPath }) => chatPath)
    .map((info) => ({
      info,
      entries: vault.entries.filter(
        ({ provider, isActive, needsReentry, expiresAt }) =>
          provider === info.id &&
          isActive &&
          !needsReentry &&
          !(expiresAt && Date.parse(expiresAt) <= now),
      ),
    }))
    .filter(({ entries }) => entries.length);
}

/**
 * The provider whose model stands there before anybody chooses: that of the oldest key that was not refused, so that
 * one which was just added changes nothing.
 */
export function firstOf(chatters: readonly Chatter[]): ProviderInfo | undefined {
  const usual = chatters.filter(({ info }) => info.defaultModel);
  const oldest = usual
    .flatMap(({ info, entries }) => entries.map((entry) => ({ info, entry })))
    .filter(({ entry }) => entry.status !== "invalid")
    .sort((a, b) => Date.parse(a.entry.createdAt) - Date.parse(b.entry.createdAt));
  return (oldest[0] ?? usual[0])?.info;
}

export function isChat(model: string): boolean {
  return !NO_CHAT.test(model);
}

/** Whether the companion can pick a model by itself: it knows nothing of keys that only this browser has. */
export function hasAuto(chatters: readonly Chatter[]): boolean {
  return chatters.some(
    ({ info, entries }) => info.defaultModel && entries.some(({ storage }) => storage === "synced"),
  );
}

/** The models that a person's keys reach, asked of the providers when somebody wants to know. */
export class Models {
  readonly #vault: Vault;
  #known: { at: number; of: string; groups: Promise<Group[]> } | undefined;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  groups(chatters: readonly Chatter[]): Promise<Group[]> {
    const of = chatters
      .map(({ info, entries }) => `${info.id}:${entries.map(({ id }) => id)}`)
      .join();
    if (this.#known?.of !== of || Date.now() - this.#known.at > FRESH_MS) {
      this.#known = { at: Date.now(), of, groups: this.#asked(chatters) };
    }
    return this.#known.groups;
  }

  async #asked(chatters: readonly Chatter[]): Promise<Group[]> {
    const isSynced = ({ entries }: Chatter) => entries.some(({ storage }) => storage === "synced");
    const synced = chatters.some(isSynced) ? this.#bySynced() : Promise.resolve(new Map());
    return Promise.all(
      chatters.map(async (chatter): Promise<Group> => {
        const ids = isSynced(chatter)
          ? (await synced).get(chatter.info.id)
          : await this.#byProvider(chatter.info);
        const { id, name, defaultModel } = chatter.info;
        const models = new Set<string>([...(defaultModel ? [defaultModel] : []), ...(ids ?? [])]);
        return { provider: id, name, models: [...models], listed: ids !== undefined };
      }),
    );
  }

  /** What the companion's keys reach, by provider. */
  async #bySynced(): Promise<Map<string, string[]>> {
    const groups = new Map<string, string[]>();
    for (const id of (await this.#ids(`${location.origin}/v1/models`)) ?? []) {
      const at = id.indexOf("/");
      const provider = id.slice(0, at);
      groups.set(provider, [...(groups.get(provider) ?? []), id.slice(at + 1)]);
    }
    return groups;
  }

  /** A provider's own list, under a key that only this browser has. */
  #byProvider({ id, chatPath }: ProviderInfo): Promise<string[] | undefined> {
    const path = chatPath?.replace(/\/chat\/completions$/, "/models");
    return this.#ids(`${location.origin}/forward/${id}${path}`);
  }

  async #ids(url: string): Promise<string[] | undefined> {
    try {
      const response = await this.#vault.fetch(url);
      if (!response.ok) return undefined;
      const answer = (await response.json()) as { data?: { id?: unknown }[] } | { id?: unknown }[];
      const models = Array.isArray(answer) ? answer : (answer.data ?? []);
      return models
        .map(({ id }) => (typeof id === "string" ? id.replace(/^models\//, "") : ""))
        .filter((id) => id);
    } catch {
      // Locked, away or not listed: any model can be named.
      return undefined;
    }
  }
}
