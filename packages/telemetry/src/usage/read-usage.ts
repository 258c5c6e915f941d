import {
  agentKeys,
  decodeRecord,
  InvalidArgumentError,
  isVerdigrisError,
  type Store,
  type StoreEntry,
  timeKey,
} from "@verdigris/contracts";
import { batchSpanMs } from "./batches.ts";
import type { UsageBatch, UsageRecord } from "./usage-record.ts";

/** A stretch of time: store time in milliseconds, or dates. */
export interface UsageRange {
  /** The first moment that counts. */
  readonly from: number | Date;
  /** The first moment that does not. */
  readonly to: number | Date;
}

/** Batches hold up to 56 kB each. */
const page = 50;

/** The range in milliseconds; throws `invalid-argument` for what is none. */
export function checkRange({ from, to }: UsageRange): { readonly from: number; readonly to: number } {
  const [first, end] = [Number(from), Number(to)];
  if (!Number.isFinite(first)) throw new InvalidArgumentError("from", "must be a time");
  if (!(Number.isFinite(end) && end >= first))
    throw new InvalidArgumentError("to", "must be a time, and no earlier one");
  return { from: first, to: end };
}

function readBatch({ key, value }: StoreEntry): UsageBatch | null {
  try {
    const batch = decodeRecord<UsageBatch>(key, value);
    return Array.isArray(batch.records) ? batch : null;
  } catch (error) {
    if (isVerdigrisError(error)) return null;
    throw error;
  }
}

/** The batches that can hold records from `from` on and before `to`, a page at a time, with the time they begin; null for one that cannot be read. */
export async function* batchesOf(
  store: Store,
  agent: string,
  from: number,
  to: number,
): AsyncGenerator<{ readonly batch: UsageBatch | null; readonly at: number }> {
  const { usages } = agentKeys(agent);
  const end = `${usages}${timeKey(to)}`;
  for (let after = `${usages}${timeKey(from - batchSpanMs)}`; ; ) {
    const { entries } = await store.list(usages, { after, limit: page });
    for (const entry of entries) {
      if (entry.key >= end) return;
      yield { batch: readBatch(entry), at: Number(entry.key.slice(usages.length, usages.length + 13)) };
    }
    const last = entries.at(-1);
    if (entries.length < page || last === undefined) return;
    after = last.key;
  }
}

/** Every record of an agent's ledger from `from` on and before `to`, in the order of their batches; unreadable batches are left out. */
export async function* readUsage(
  store: Store,
  agent: string,
  range: UsageRange,
): AsyncGenerator<UsageRecord> {
  const { from, to } = checkRange(range);
  for await (const { batch } of batchesOf(store, agent, from, to)) {
    for (const record of batch?.records ?? []) if (record.at >= from && record.at < to) yield record;
  }
}
