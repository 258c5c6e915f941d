import type { JsonValue } from "@verdigris/contracts";
import type { Memory } from "./memory.ts";

/**
 * A storage adapter for `new Keyv({ store })` over the memory of a run: code that takes a keyv keeps its interface, and
 * what it writes goes with the bundle. `clear` deletes what this run sees under the keyv's namespace, and nothing below.
 */
export interface MemoryKeyvStore {
  /** Part of keyv's adapter interface; a keyv writes its own options into it. */
  readonly opts: Record<string, unknown>;
  namespace?: string | undefined;
  get(key: string): Promise<JsonValue | undefined>;
  getMany(keys: string[]): Promise<(JsonValue | undefined)[]>;
  set(key: string, value: JsonValue, ttl?: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  deleteMany(keys: string[]): Promise<boolean>;
  has(key: string): Promise<boolean>;
  clear(): Promise<void>;
  iterator(namespace?: string): AsyncGenerator<[string, JsonValue], void>;
  /** Failures reject the call they belong to, so there is nothing to listen to. */
  on(): MemoryKeyvStore;
}

const pageKeys = 1_000;

async function* entriesUnder(memory: Memory, prefix: string): AsyncGenerator<[string, JsonValue], void> {
  let after: string | undefined;
  for (;;) {
    const page = await memory.list({ prefix, limit: pageKeys, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of page) yield [key, value];
    after = page[page.length - 1]?.key;
    if (page.length < pageKeys) return;
  }
}

/** Makes the adapter. A keyv's own key prefix (`namespace:key`) stays part of the key. */
export function createMemoryKeyvStore(memory: Memory): MemoryKeyvStore {
  const prefixOf = (namespace: string | undefined) => (namespace === undefined ? "" : `${namespace}:`);
  const store: MemoryKeyvStore = {
    // A keyv asks the dialect whether it may iterate, and knows a few only.
    opts: { dialect: "redis" },
    get: memory.get,
    getMany: async (keys) => [...(await memory.getMany(keys))],
    async set(key, value, ttl) {
      await memory.set(key, value, ttl === undefined ? {} : { ttlMs: ttl });
      return true;
    },
    delete: memory.delete,
    deleteMany: async (keys) => (await memory.deleteMany(keys)) > 0,
    has: memory.has,
    async clear() {
      const keys: string[] = [];
      for await (const [key] of entriesUnder(memory, prefixOf(store.namespace))) keys.push(key);
      for (let at = 0; at < keys.length; at += pageKeys)
        await memory.deleteMany(keys.slice(at, at + pageKeys));
    },
    iterator: (namespace) => entriesUnder(memory, prefixOf(namespace ?? store.namespace)),
    on: () => store,
  };
  return store;
}
