import { type Store, type StoreEntry, type StoreOp, storeLimits } from "@verdigris/contracts";

async function entriesOf(store: Store): Promise<readonly StoreEntry[]> {
  const all: StoreEntry[] = [];
  for (;;) {
    const after = all.at(-1)?.key;
    const page = { limit: storeLimits.listLimit, ...(after === undefined ? {} : { after }) };
    const { entries } = await store.list("", page);
    all.push(...entries);
    if (entries.length < storeLimits.listLimit) return all;
  }
}

/** Takes a copy of everything; what it resolves with puts that back, and what was written since is gone. */
export async function backUp(store: Store): Promise<() => Promise<void>> {
  const kept = new Map((await entriesOf(store)).map(({ key, value }) => [key, value]));
  return async () => {
    const now = new Map((await entriesOf(store)).map((entry) => [entry.key, entry]));
    const ops: StoreOp[] = [];
    for (const { key, rev } of now.values()) if (!kept.has(key)) ops.push({ op: "del", key, rev });
    for (const [key, value] of kept) {
      const found = now.get(key);
      if (found?.value !== value) ops.push({ op: "put", key, rev: found?.rev ?? 0, value });
    }
    for (let at = 0; at < ops.length; at += storeLimits.opsPerCommit)
      await store.commit(ops.slice(at, at + storeLimits.opsPerCommit));
  };
}
