import type { BundleId, RunScore, TrafficClass } from "@verdigris/contracts";
import { bucketOf } from "./durations.ts";

/** How a run ended; `expired` by its deadline, with nobody to finish it. */
export type RunEnding = "completed" | "failed" | "cancelled" | "expired";

/** What one node counted of one bundle and class within a minute. Holds no run id, so its size does not grow with traffic. */
export interface RunTally {
  readonly bundle: BundleId;
  readonly class: TrafficClass;
  /** True where the runs had been on several bundles: they stay out of comparisons. */
  readonly mixed?: true;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly expired: number;
  /** How many completed, failed and expired runs took how long: count by bucket; see `docs/formats.md`. */
  readonly durations: Readonly<Record<string, number>>;
  /** How many were judged, and passed, by name of the score; only scores with a verdict. */
  readonly scores?: Readonly<Record<string, { readonly scored: number; readonly passed: number }>>;
}

/** Which tally something belongs to. */
export interface TallyKey {
  readonly bundle: BundleId;
  readonly class: TrafficClass;
  readonly mixed: boolean;
}

interface OpenTally {
  readonly key: TallyKey;
  readonly endings: Record<RunEnding, number>;
  readonly durations: Map<number, number>;
  readonly scores: Map<string, { scored: number; passed: number }>;
}

/** The tallies of one batch. */
export interface RunTallies {
  /** An upper bound of their JSON, in bytes. */
  readonly bytes: number;
  readonly size: number;
  ended(key: TallyKey, ending: RunEnding, durationMs: number): void;
  scored(key: TallyKey, score: RunScore): void;
  /** What was counted; begins anew. */
  take(): readonly RunTally[];
}

/** Room for a tally with its ids, for a bucket, and for a score beside its name. */
const [tallyBytes, bucketBytes, scoreBytes] = [420, 24, 60];

function toTally({ key, endings, durations, scores }: OpenTally): RunTally {
  const { bundle, class: traffic, mixed } = key;
  const buckets = [...durations].sort(([a], [b]) => a - b).map(([bucket, count]) => [String(bucket), count]);
  return {
    bundle,
    class: traffic,
    ...(mixed ? { mixed: true as const } : {}),
    ...endings,
    durations: Object.fromEntries(buckets) as RunTally["durations"],
    ...(scores.size === 0 ? {} : { scores: Object.fromEntries(scores) }),
  };
}

function isOf(a: TallyKey, b: TallyKey): boolean {
  return a.bundle === b.bundle && a.class === b.class && a.mixed === b.mixed;
}

/** Creates the tallies of a node. */
export function createRunTallies(): RunTallies {
  const open = new Map<string, OpenTally>();
  let bytes = 0;
  // Most runs of a process are of one kind, and every finish comes through here.
  let latest: OpenTally | null = null;
  const tally = (key: TallyKey): OpenTally => {
    if (latest !== null && isOf(latest.key, key)) return latest;
    const name = `${key.bundle}/${key.class}/${key.mixed}`;
    let found = open.get(name);
    if (found === undefined) {
      const endings = { completed: 0, failed: 0, cancelled: 0, expired: 0 };
      found = { key, endings, durations: new Map(), scores: new Map() };
      open.set(name, found);
      bytes += tallyBytes;
    }
    latest = found;
    return found;
  };
  return {
    get bytes() {
      return bytes;
    },
    get size() {
      return open.size;
    },
    ended(key, ending, durationMs) {
      const { endings, durations } = tally(key);
      endings[ending] += 1;
      // Whoever cancels a run says nothing about how long it would have taken.
      if (ending === "cancelled") return;
      const bucket = bucketOf(durationMs);
      const count = durations.get(bucket);
      if (count === undefined) bytes += bucketBytes;
      durations.set(bucket, (count ?? 0) + 1);
    },
    scored(key, { name, passed }) {
      if (passed === undefined) return;
      const { scores } = tally(key);
      const sum = scores.get(name) ?? { scored: 0, passed: 0 };
      if (sum.scored === 0) bytes += scoreBytes + name.length * 6;
      scores.set(name, { scored: sum.scored + 1, passed: sum.passed + (passed ? 1 : 0) });
    },
    take() {
      const tallies = [...open.values()].map(toTally);
      open.clear();
      latest = null;
      bytes = 0;
      return tallies;
    },
  };
}
