import {
  agentKeys,
  InvalidArgumentError,
  type Store,
  type StoreOp,
  storeLimits,
  timeKey,
} from "@verdigris/contracts";
import { batchSpanMs } from "./batches.ts";

/**
 * Deletes the batches of an agent's ledger that hold nothing from `before` (store time in ms, or a date) on; resolves with how
 * many. Bills, blame and SQL of that time are gone with them: no sums are kept. Any process may, it is safe to do twice or at the same
 * time, and what is cut short goes on where it was left. `most` bounds how many batches one call deletes. Rejects with `invalid-argument`
 * and `store-unavailable`.
 */
export async function forgetUsage(
  store: Store,
  agent: string,
  before: number | Date,
  most: number = Number.POSITIVE_INFINITY,
): Promise<number> {
  const end = Number(before);
  if (!Number.isFinite(end)) throw new InvalidArgumentError("before", "must be a time");
  if (!(most >= 1)) throw new InvalidArgumentError("most", "must be at least 1");
  const { usages } = agentKeys(agent);
  // A batch that begins here or later may hold a record of the time that stays.
  const stays = `${usages}${timeKey(end - batchSpanMs + 1)}`;
  let forgotten = 0;
  for (let after = usages; ; ) {
    const limit = Math.min(storeLimits.opsPerCommit, most - forgotten);
    const { entries } = await store.list(usages, { after, limit });
    const old = entries.filter(({ key }) => key < stays);
    const ops = old.map(({ key, rev }): StoreOp => ({ op: "del", key, rev }));
    // Where another process deletes too, one of the two commits; what is left is found from the same place again.
    const result = ops.length === 0 ? null : await store.commit(ops);
    if (result?.ok === true) forgotten += ops.length;
    if ((old.length < limit || forgotten >= most) && result?.ok !== false) return forgotten;
    after = result?.ok === true ? (old.at(-1)?.key ?? stays) : after;
  }
}
