/** Twelve buckets are a ratio of exactly 1.25; one is 1.9 % wide. The windows of detectors use the same ones. */
const bucketsPerQuarter = 12;
const logWidth = Math.log(1.25) / bucketsPerQuarter;

/** The bucket of a duration: `(γ^(b-1), γ^b]` milliseconds with γ = 1.25^(1/12); what is 1 ms or less is in bucket 0. */
export function bucketOf(durationMs: number): number {
  return durationMs > 1 ? Math.ceil(Math.log(durationMs) / logWidth - 1e-9) : 0;
}

/** The middle of a bucket in milliseconds, at most 1 % from every duration in it; of bucket 0 it is 1. */
export function middleOf(bucket: number): number {
  return bucket === 0 ? 1 : Math.exp((bucket - 0.5) * logWidth);
}

/** The duration (ms) that `share` of those counted do not exceed, by nearest rank; null where none were counted. */
export function quantileOf(counts: ReadonlyMap<number, number>, share: number): number | null {
  let left = Math.ceil(share * [...counts.values()].reduce((sum, count) => sum + count, 0));
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    left -= count;
    if (left <= 0) return middleOf(bucket);
  }
  return null;
}
