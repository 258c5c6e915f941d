import { type Store, type StoreEntry, storeLimits } from "@verdigris/contracts";

/** Every entry under a prefix in key order, a page at a time; one written meanwhile may be among them. */
export async function* everyEntry(store: Store, prefix: string): AsyncGenerator<StoreEntry> {
  let after: string | undefined;
  for (;;) {
    const options = { limit: storeLimits.listLimit, ...(after === undefined ? {} : { after }) };
    const { entries } = await store.list(prefix, options);
    yield* entries;
    if (entries.length < storeLimits.listLimit) return;
    after = entries.at(-1)?.key;
  }
}
