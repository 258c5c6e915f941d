import { type Histogram, zeroBucket } from "./histogram.ts";

/** Counts by bucket with a place for every bucket: walking over it costs less than sorting what a histogram holds. */
export interface Tally {
  readonly n: number;
  add(bucket: number, times: number): void;
  /** Adds a histogram, or takes it off again. */
  addAll(histogram: Histogram, times?: 1 | -1): void;
  /** The lowest bucket that leaves at most `most` values above it; null without any value. */
  leaving(most: number): number | null;
  clear(): void;
}

/** Creates a tally without a value. */
export function createTally(): Tally {
  const counts = new Float64Array(2 * -zeroBucket + 1);
  let [n, low, high] = [0, Infinity, -Infinity];
  const add = (bucket: number, times: number): void => {
    counts[bucket - zeroBucket] = (counts[bucket - zeroBucket] ?? 0) + times;
    n += times;
    if (bucket < low) low = bucket;
    if (bucket > high) high = bucket;
  };
  return {
    get n() {
      return n;
    },
    add,
    addAll(histogram, times = 1) {
      for (const [bucket, count] of histogram) add(bucket, times * count);
    },
    leaving(most) {
      let above = 0;
      for (let bucket = high; bucket >= low; bucket--) {
        above += counts[bucket - zeroBucket] ?? 0;
        if (above > most) return bucket;
      }
      return null;
    },
    clear() {
      if (n > 0 || high >= low) counts.fill(0, low - zeroBucket, high - zeroBucket + 1);
      [n, low, high] = [0, Infinity, -Infinity];
    },
  };
}

/** The bucket of a quantile: the lowest that leaves at most `1 - q` of all above it; null without a value. */
export function quantileOf(tally: Tally, q: number): number | null {
  return tally.leaving(Math.floor((1 - q) * tally.n + 1e-9));
}
