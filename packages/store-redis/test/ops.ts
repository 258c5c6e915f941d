import type { CommitResult, Store, StoreOp } from "@verdigris/contracts";

export const put = (key: string, value = "1", rev = 0): StoreOp => ({ op: "put", key, rev, value });

/** Commits and expects success. */
export async function committed(
  store: Store,
  ...ops: readonly StoreOp[]
): Promise<CommitResult & { readonly ok: true }> {
  const result = await store.commit(ops);
  if (!result.ok) throw new Error(`a conflict on ${result.key}`);
  return result;
}
