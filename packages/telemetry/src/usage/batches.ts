import type { AgentKeys, RunScore } from "@verdigris/contracts";
import { createRunTallies, type RunEnding, type TallyKey } from "./run-tally.ts";
import type { UsageRecord } from "./usage-record.ts";

/** A batch that will be written as it is, under its key, however often that is tried. */
export interface SealedBatch {
  readonly key: string;
  readonly value: string;
  /** What it counts for among what waits: its records, and 1 for its tallies. */
  readonly weight: number;
  readonly records: number;
}

/** A batch spans at most this, so that a reader knows how far before a time its key can stand. */
export const batchSpanMs = 60_000;

/** Well below the 65,536 bytes of a value. */
const mostBytes = 56_000;

/** Collects what one node notes into batches. */
export interface Batches {
  add(record: UsageRecord): void;
  ended(at: number, key: TallyKey, ending: RunEnding, durationMs: number): void;
  scored(at: number, key: TallyKey, score: RunScore): void;
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
  /** What is not written yet. */
  readonly waiting: number;
}

/**
 * Creates the batches of one node; `newNode` mints its name on first use, since some processes run nothing. `format` is what
 * the whole fleet can read.
 */
export function createBatches(keys: AgentKeys, newNode: () => string, format: () => number): Batches {
  const tallies = createRunTallies();
  const sealed: SealedBatch[] = [];
  let node: string | null = null;
  let seq = 0;
  let lost = 0;
  let first = 0;
  let bytes = 0;
  let waiting = 0;
  let texts: string[] = [];

  const seal = (): void => {
    if (texts.length === 0 && tallies.size === 0) return;
    node ??= newNode();
    seq += 1;
    const runs = tallies.size === 0 ? "" : `,"runs":${JSON.stringify(tallies.take())}`;
    const told = lost === 0 ? "" : `,"lost":${lost}`;
    const value = `{"v":${format()},"records":[${texts.join(",")}]${runs}${told}}`;
    const tallied = runs === "" ? 0 : 1;
    waiting += tallied;
    sealed.push({
      key: keys.usage(first, node, seq),
      value,
      weight: texts.length + tallied,
      records: texts.length,
    });
    texts = [];
    bytes = 0;
    lost = 0;
  };

  /** Makes room for `size` more bytes of what was noted at `at`. */
  const make = (at: number, size: number): void => {
    const apart = at < first || at >= first + batchSpanMs;
    if (apart || bytes + tallies.bytes + size > mostBytes) seal();
    if (texts.length === 0 && tallies.size === 0) first = at;
  };

  return {
    seal,
    oldest: (limit) => sealed.slice(0, limit),
    remove(count) {
      for (const { weight } of sealed.splice(0, count)) waiting -= weight;
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
      make(record.at, size);
      texts.push(text);
      bytes += size;
      waiting += 1;
    },
    ended(at, key, ending, durationMs) {
      make(at, 500);
      tallies.ended(key, ending, durationMs);
    },
    scored(at, key, score) {
      make(at, 1_400);
      tallies.scored(key, score);
    },
  };
}
