import {
  agentKeys,
  decodeRecord,
  InvalidArgumentError,
  isVerdigrisError,
  type Store,
  type StoreEntry,
  type StoreOp,
} from "@verdigris/contracts";
import type { UsageBatch, UsageRecord } from "./usage-record.ts";

/** Whose labels to remove, as an erasure of an agent's memory asks it. */
export interface EraseUsageRequest {
  readonly subject?: string;
  /** With a namespace or a prefix of keys an erasure is about values of the memory alone: nothing here is meant. */
  readonly namespace?: string;
  readonly prefix?: string;
}

/** Batches hold up to 56 kB each. */
const page = 50;

/** A record without the labels that hold the subject; the very same where none does. */
function without(record: UsageRecord, subject: string): UsageRecord {
  const { labels = {}, ...rest } = record;
  const kept = Object.entries(labels).filter(([, value]) => value !== subject);
  if (kept.length === Object.keys(labels).length) return record;
  return kept.length === 0 ? rest : { ...record, labels: Object.fromEntries(kept) };
}

/** Removes the subject from one batch, however often others write it meanwhile; resolves with how many records had held it. */
async function eraseFrom(store: Store, first: StoreEntry, subject: string): Promise<number> {
  let held: number | null = null;
  for (let entry: StoreEntry | null = first; entry !== null; ) {
    const batch: UsageBatch = decodeRecord<UsageBatch>(entry.key, entry.value);
    const records = batch.records.map((record) => without(record, subject));
    const changed = records.filter((record, i) => record !== batch.records[i]).length;
    held ??= changed;
    if (changed === 0) return held;
    const value = JSON.stringify({ ...batch, records });
    const op: StoreOp = { op: "put", key: entry.key, rev: entry.rev, value };
    try {
      const result = await store.commit([op]);
      if (result.ok) return held;
      entry = result.current;
    } catch (error) {
      if (!isVerdigrisError(error, "store-indeterminate")) throw error;
      entry = (await store.get([op.key])).entries[0] ?? null;
    }
  }
  // Forgotten meanwhile, with everything in it.
  return held ?? 0;
}

/**
 * Removes a subject from the labels of an agent's ledger: every label whose value is the subject, in every record. Calls, tokens and costs
 * stay, so bills by bundle, model and day are what they were; by that label the calls are under null. Resolves with how many records held
 * it. Safe to repeat, and to go on with after a crash. What a process has noted and not written yet (`flushMs`) is not reached. Rejects with
 * `invalid-argument`, `store-unavailable`, and `record-too-new` rather than leave a batch out that may hold the subject.
 */
export async function eraseUsage(store: Store, agent: string, request: EraseUsageRequest): Promise<number> {
  const { subject, namespace, prefix } = request;
  if (subject === undefined || namespace !== undefined || prefix !== undefined) return 0;
  if (typeof subject !== "string" || subject === "")
    throw new InvalidArgumentError("subject", "must be text that is not empty");
  const { usages } = agentKeys(agent);
  const text = JSON.stringify(subject);
  let erased = 0;
  for (let after = usages; ; ) {
    const { entries } = await store.list(usages, { after, limit: page });
    for (const entry of entries)
      if (entry.value.includes(text)) erased += await eraseFrom(store, entry, subject);
    const last = entries.at(-1);
    if (last === undefined || entries.length < page) return erased;
    after = last.key;
  }
}
