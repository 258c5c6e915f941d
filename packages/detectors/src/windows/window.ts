import { type Cohort, cohortMs, endedOf, openOf } from "./cohort.ts";
import { bucketOf, countOf, type Histogram, zeroBucket } from "./histogram.ts";

/** What the rule's own ratio is taken over. */
const windowMs = 600_000;

/** One arm within a window. */
interface ArmWindow {
  readonly cohorts: readonly Cohort[];
  /** Runs that came to an end. */
  readonly n: number;
}

/** Both arms over the same time. */
export interface Window {
  readonly from: number;
  readonly watched: ArmWindow;
  readonly reference: ArmWindow;
}

/**
 * The last ten minutes of starts, extended back until both arms hold `least` ended runs or there is no more: at one run a
 * minute a strict window would never hold enough to say anything.
 */
export function latestWindow(
  watched: readonly Cohort[],
  reference: readonly Cohort[] | null,
  at: number,
  least: number,
  count: (cohort: Cohort) => number = endedOf,
): Window {
  let from = at - windowMs;
  for (const arm of reference === null ? [watched] : [watched, reference])
    from = Math.min(from, reach(arm, least, count));
  const cut = (arm: readonly Cohort[]): ArmWindow => {
    const cohorts = arm.slice(firstFrom(arm, from));
    let n = 0;
    for (const cohort of cohorts) n += count(cohort);
    return { cohorts, n };
  };
  return { from, watched: cut(watched), reference: cut(reference ?? []) };
}

/** The latest time from which an arm holds `least` runs; its beginning where it holds fewer. */
function reach(arm: readonly Cohort[], least: number, count: (cohort: Cohort) => number): number {
  let n = 0;
  let from = Infinity;
  for (let i = arm.length - 1; i >= 0 && n < least; i--) {
    const cohort = arm[i] as Cohort;
    n += count(cohort);
    from = cohort.at;
  }
  return from;
}

function firstFrom(arm: readonly Cohort[], from: number): number {
  let i = arm.length;
  while (i > 0 && (arm[i - 1] as Cohort).at >= from) i--;
  return i;
}

/** Counts by bucket, all zero between uses: sorting what a window holds costs more than a walk over its buckets. */
const tally = new Float64Array(2 * -zeroBucket + 1);

/**
 * The bucket of the cohorts' 95th percentile (or another): the lowest that leaves at most `1 - q` of all run times above it; null
 * without any. A run that has not ended counts with the time it has had.
 */
export function latencyQuantile(cohorts: readonly Cohort[], at: number, q: number): number | null {
  let [n, low, high] = [0, Infinity, -Infinity];
  const count = (bucket: number, times: number): void => {
    tally[bucket - zeroBucket] = (tally[bucket - zeroBucket] ?? 0) + times;
    n += times;
    if (bucket < low) low = bucket;
    if (bucket > high) high = bucket;
  };
  for (const cohort of cohorts) {
    for (const [bucket, times] of cohort.latency) count(bucket, times);
    const open = openOf(cohort);
    const age = at - cohort.at - cohortMs;
    if (open > 0 && age > 0) count(bucketOf(age), open);
  }
  if (n === 0) return null;
  const mayLieAbove = Math.floor((1 - q) * n + 1e-9);
  let bucket = high;
  for (let above = 0; bucket > low; bucket--) {
    above += tally[bucket - zeroBucket] ?? 0;
    if (above > mayLieAbove) break;
  }
  tally.fill(0, low - zeroBucket, high - zeroBucket + 1);
  return bucket;
}

/** The same of one histogram. */
export function quantileBucket(histogram: Histogram, q: number): number | null {
  const mayLieAbove = Math.floor((1 - q) * countOf(histogram) + 1e-9);
  let above = 0;
  for (const [bucket, count] of [...histogram].sort(([a], [b]) => b - a)) {
    above += count;
    if (above > mayLieAbove) return bucket;
  }
  return null;
}

/** The sum of a count over cohorts. */
export function sumOf(cohorts: readonly Cohort[], count: (cohort: Cohort) => number): number {
  let sum = 0;
  for (const cohort of cohorts) sum += count(cohort);
  return sum;
}
