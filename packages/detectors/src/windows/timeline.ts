import { addCohort, type Cohort, cohortMs, cohortTime, emptyCohort } from "./cohort.ts";

/** The cohorts of one bundle in order of time: at most one per bucket, so memory grows with time kept and not with runs. */
export interface Timeline {
  /** The cohort that `at` falls into, made when there is none. */
  cohort(at: number): Cohort;
  /** Adds cohorts counted elsewhere; the order of calls does not matter. */
  merge(cohorts: Iterable<Cohort>): void;
  /** Cohorts that begin in `[from, to)`, oldest first. */
  between(from: number, to: number): readonly Cohort[];
  /** Lets go of all that began before. */
  forget(before: number): void;
}

/** Creates an empty timeline. */
export function createTimeline(): Timeline {
  const byTime = new Map<number, Cohort>();
  let order: Cohort[] = [];
  let latest: Cohort | null = null;

  const place = (made: Cohort): void => {
    const last = order.at(-1);
    if (last === undefined || last.at < made.at) order.push(made);
    else order.splice(position(order, made.at), 0, made);
  };
  const cohort = (at: number): Cohort => {
    // Most runs start and end in the bucket of the run before: no look-up for those.
    if (latest !== null && at >= latest.at && at < latest.at + cohortMs) return latest;
    const time = cohortTime(at);
    let found = byTime.get(time);
    if (found === undefined) {
      found = emptyCohort(time);
      byTime.set(time, found);
      place(found);
    }
    latest = found;
    return found;
  };
  return {
    cohort,
    merge(cohorts) {
      for (const other of cohorts) addCohort(cohort(other.at), other);
    },
    between: (from, to) => order.slice(position(order, from), position(order, to)),
    forget(before) {
      const first = position(order, before);
      if (first === 0) return;
      for (const { at } of order.slice(0, first)) byTime.delete(at);
      order = order.slice(first);
      latest = null;
    },
  };
}

/** The first place whose cohort begins at or after `at`. */
function position(order: readonly Cohort[], at: number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
