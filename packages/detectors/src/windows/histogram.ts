/**
 * Twelve buckets are a ratio of exactly 1.25: a limit of a quarter more is a shift of twelve, and no rounding can turn it.
 * One bucket is 1.9 % wide.
 */
export const bucketsPerQuarter = 12;
const logGamma = Math.log(1.25) / bucketsPerQuarter;
const farthest = 1_990;

/** The bucket of 0 and of everything below. */
export const zeroBucket: number = -2_000;

/** Counts of values by bucket of their logarithm. Adding two is exact, in any order. */
export type Histogram = Map<number, number>;

/** The bucket of a value: `(γ^(b-1), γ^b]` with γ = 1.25^(1/12). Values beyond 10^±16 share the outermost ones. */
export function bucketOf(value: number): number {
  if (!(value > 0)) return zeroBucket;
  const bucket = Math.ceil(Math.log(value) / logGamma - 1e-9);
  return bucket < -farthest ? -farthest : Math.min(bucket, farthest);
}

/** The upper end of a bucket. */
export function upperEnd(bucket: number): number {
  return bucket === zeroBucket ? 0 : Math.exp(bucket * logGamma);
}

/** The middle of a bucket: at most 1 % from every value in it. */
export function middleOf(bucket: number): number {
  return bucket === zeroBucket ? 0 : Math.exp((bucket - 0.5) * logGamma);
}

/** The last bucket whose values all lie at or below `value`. */
export function lastBucketWithin(value: number): number {
  if (!(value > 0)) return zeroBucket;
  return Math.min(farthest, Math.floor(Math.log(value) / logGamma + 1e-9));
}

export function addTo(histogram: Histogram, bucket: number, count = 1): void {
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + count);
}

export function mergeInto(into: Histogram, from: Histogram): void {
  for (const [bucket, count] of from) addTo(into, bucket, count);
}

export function countOf(histogram: Histogram): number {
  let sum = 0;
  for (const count of histogram.values()) sum += count;
  return sum;
}

/** Bucket, count, bucket, count, …, in order of the buckets: the same text for the same counts. */
export function histogramToJson(histogram: Histogram): number[] {
  return [...histogram].sort(([a], [b]) => a - b).flat();
}

export function histogramFromJson(pairs: readonly number[]): Histogram {
  const histogram: Histogram = new Map();
  for (let i = 0; i + 1 < pairs.length; i += 2) addTo(histogram, pairs[i] ?? 0, pairs[i + 1] ?? 0);
  return histogram;
}
