import type { Store, StoreEntry, StoreHint } from "./store.ts";
import { checkPrefix } from "./store-limits.ts";

/**
 * A view of `store` in which every key stands under `prefix`, so that several systems share one store without seeing
 * each other. All promises of `store` hold for the view; keys may be shorter by the length of the prefix. Closing the
 * view closes `store`. Throws `store-limit` when `prefix` could not stand in a key.
 */
export function createPrefixedStore(store: Store, prefix: string): Store {
  checkPrefix(prefix);

  const outer = (key: string): string => (key === "" ? key : prefix + key);
  const inner = (key: string): string => key.slice(prefix.length);
  const strip = (entry: StoreEntry): StoreEntry => ({ ...entry, key: inner(entry.key) });

  return {
    capabilities: store.capabilities,
    async get(keys) {
      const { entries, at } = await store.get(keys.map(outer));
      return { entries: entries.map((entry) => entry && strip(entry)), at };
    },
    async commit(ops) {
      const result = await store.commit(ops.map((op) => ({ ...op, key: outer(op.key) })));
      if (result.ok) return result;
      return { ...result, key: inner(result.key), current: result.current && strip(result.current) };
    },
    async list(under, { after, limit }) {
      const options = after === undefined ? { limit } : { after: prefix + after, limit };
      const { entries, at } = await store.list(prefix + under, options);
      return { entries: entries.map(strip), at };
    },
    watch(under, onHint) {
      return store.watch(prefix + under, (hint: StoreHint) => {
        onHint(hint.type === "change" ? { type: "change", key: inner(hint.key) } : hint);
      });
    },
    close: () => store.close(),
  };
}
