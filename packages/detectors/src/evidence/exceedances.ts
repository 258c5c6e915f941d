import { type Cohort, cohortMs, endedOf, membersOf } from "../windows/cohort.ts";
import { lastBucketWithin, zeroBucket } from "../windows/histogram.ts";

/** Milliseconds up to 2^53 lie in these buckets; what lies below the first is counted in it. */
export const firstBucket = 0;
const lastBucket = 1_990;
export const width: number = lastBucket - firstBucket + 1;

/** Per threshold: how many runs had time to pass it, and how many of those did. One per arm and block. */
export interface Exceedances {
  readonly above: Int32Array;
  readonly asked: Int32Array;
}

export function emptyExceedances(size: number): Exceedances {
  return { above: new Int32Array(size), asked: new Int32Array(size) };
}

export function place(bucket: number): number {
  return bucket === zeroBucket || bucket < firstBucket ? 0 : Math.min(bucket, lastBucket) - firstBucket;
}

/**
 * Counts a block of cohorts. A threshold asks only runs that have had time to pass it, whether they have ended or not, so a
 * run that hangs counts as slow as soon as it is, and quick runs do not go first. `highest` bounds the thresholds of interest.
 */
export function countBlock(cohorts: readonly Cohort[], at: number, highest: number): Exceedances {
  const top = Math.min(width - 1, highest + 1);
  const counted = emptyExceedances(top + 1);
  const { above, asked } = counted;
  for (const cohort of cohorts) countCohort(counted, cohort, at, top);
  for (let i = top - 1; i >= 0; i--) {
    above[i] = (above[i] ?? 0) + (above[i + 1] ?? 0);
    asked[i] = (asked[i] ?? 0) + (asked[i + 1] ?? 0);
  }
  return counted;
}

/** Counts a cohort at the last threshold that each of its runs is known to have passed. */
function countCohort(counted: Exceedances, cohort: Cohort, at: number, top: number): void {
  const { above, asked } = counted;
  const age = at - cohort.at - cohortMs;
  if (age <= 0) return;
  const limit = Math.min(top, place(lastBucketWithin(age)));
  const members = membersOf(cohort);
  const open = members - endedOf(cohort);
  asked[limit] = (asked[limit] ?? 0) + members;
  above[limit] = (above[limit] ?? 0) + open;
  for (const [bucket, count] of cohort.latency) {
    const index = place(bucket);
    // Values in bucket b lie above every threshold below b.
    const last = Math.min(index - 1, limit);
    if (last >= 0) above[last] = (above[last] ?? 0) + count;
  }
}

/** Adds the thresholds in `[from, to]`, and the lowest of all, which asks every run. */
export function addExceedances(into: Exceedances, added: Exceedances, from: number, to: number): void {
  const [above, asked, moreAbove, moreAsked] = [into.above, into.asked, added.above, added.asked];
  above[0] = (above[0] ?? 0) + (moreAbove[0] ?? 0);
  asked[0] = (asked[0] ?? 0) + (moreAsked[0] ?? 0);
  for (let i = Math.max(1, from); i <= to; i++) {
    above[i] = (above[i] ?? 0) + (moreAbove[i] ?? 0);
    asked[i] = (asked[i] ?? 0) + (moreAsked[i] ?? 0);
  }
}

/** Runs that had time to pass a threshold, and those of them that did. */
type Passed = readonly [asked: number, above: number];

export function passedIn(cohorts: readonly Cohort[], at: number, threshold: number): Passed {
  let [asked, above] = [0, 0];
  for (const cohort of cohorts) {
    const age = at - cohort.at - cohortMs;
    if (age <= 0 || place(lastBucketWithin(age)) < threshold) continue;
    const members = membersOf(cohort);
    asked += members;
    above += members - endedOf(cohort);
    for (const [bucket, count] of cohort.latency) if (place(bucket) > threshold) above += count;
  }
  return [asked, above];
}

export function passed({ asked, above }: Exceedances, threshold: number): Passed {
  return [asked[threshold] ?? 0, above[threshold] ?? 0];
}
