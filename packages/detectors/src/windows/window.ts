import { type Cohort, cohortMs, endedOf, openOf } from "./cohort.ts";
import { bucketOf } from "./histogram.ts";
import { createTally, quantileOf } from "./tally.ts";

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

/** Empty between uses. */
const tally = createTally();

/**
 * The bucket of the cohorts' 95th percentile (or another): the lowest that leaves at most `1 - q` of all run times above it; null
 * without any. A run that has not ended counts with the time it has had.
 */
export function latencyQuantile(cohorts: readonly Cohort[], at: number, q: number): number | null {
  for (const cohort of cohorts) {
    tally.addAll(cohort.latency);
    const open = openOf(cohort);
    const age = at - cohort.at - cohortMs;
    if (open > 0 && age > 0) tally.add(bucketOf(age), open);
  }
  const bucket = quantileOf(tally, q);
  tally.clear();
  return bucket;
}

/** The sum of a count over cohorts. */
export function sumOf(cohorts: readonly Cohort[], count: (cohort: Cohort) => number): number {
  let sum = 0;
  for (const cohort of cohorts) sum += count(cohort);
  return sum;
}
