import type { AgentKeys } from "@verdigris/contracts";
import type { UsageRecord } from "./usage-record.ts";

/** A batch that will be written as it is, under its key, however often that is tried. */
export interface SealedBatch {
  readonly key: string;
  readonly value: string;
  readonly records: number;
}

/** A batch spans at most this, so that a reader knows how far before a time its key can stand. */
export const batchSpanMs = 60_000;

/** Well below the 65,536 bytes of a value. */
const mostBytes = 56_000;

/** Collects the records of one node into batches. */
export interface Batches {
  add(record: UsageRecord): void;
  /** Says in the next batch that records were dropped. */
  noteLost(records: number): void;
  /** Ends the batch under way, if there is one. */
  seal(): void;
  /** The oldest sealed batches, at most `limit`. */
  oldest(limit: number): readonly SealedBatch[];
  /** Takes the oldest `count` sealed batches away. */
  remove(count: number): void;
  /** Uses another name for the node from the next batch on. */
  rename(): void;
  /** Records that are not written yet. */
  readonly waiting: number;
}

/** Creates the batches of one node; `newNode` mints its name on first use, since most processes call no model. `format` is what
 * the whole fleet can read. */
export function createBatches(keys: AgentKeys, newNode: () => string, format: () => number): Batches {
  let node: string | null = null;
  let seq = 0;
  let lost = 0;
  let first = 0;
  let bytes = 0;
  let texts: string[] = [];
  let waiting = 0;
  const sealed: SealedBatch[] = [];

  const seal = (): void => {
    if (texts.length === 0) return;
    node ??= newNode();
    seq += 1;
    const told = lost === 0 ? "" : `,"lost":${lost}`;
    const value = `{"v":${format()},"records":[${texts.join(",")}]${told}}`;
    sealed.push({ key: keys.usage(first, node, seq), value, records: texts.length });
    texts = [];
    bytes = 0;
    lost = 0;
  };

  return {
    seal,
    oldest: (limit) => sealed.slice(0, limit),
    remove(count) {
      for (const { records } of sealed.splice(0, count)) waiting -= records;
    },
    rename() {
      node = null;
    },
    get waiting() {
      return waiting;
    },
    noteLost(records) {
      lost += records;
    },
    add(record) {
      const text = JSON.stringify(record);
      const size = new TextEncoder().encode(text).length + 1;
      const apart = record.at < first || record.at >= first + batchSpanMs;
      if (texts.length > 0 && (apart || bytes + size > mostBytes)) seal();
      if (texts.length === 0) first = record.at;
      texts.push(text);
      bytes += size;
      waiting += 1;
    },
  };
}
