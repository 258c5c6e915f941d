import type { Signal } from "@verdigris/contracts";
import type { Cohort } from "./cohort.ts";
import { countOf, type Histogram, mergeInto, middleOf } from "./histogram.ts";

/** What priced runs cost together. */
export interface Spending {
  readonly runs: number;
  readonly completed: number;
  readonly sum: number;
  readonly squares: number;
}

export const nothingSpent: Spending = { runs: 0, completed: 0, sum: 0, squares: 0 };

export function addSpending(a: Spending, b: Spending): Spending {
  return {
    runs: a.runs + b.runs,
    completed: a.completed + b.completed,
    sum: a.sum + b.sum,
    squares: a.squares + b.squares,
  };
}

/** What the priced runs of cohorts cost, by the middles of their buckets; no run counts with more than `cap`. */
export function spendingOf(cohorts: readonly Cohort[], cap: number = Infinity): Spending {
  const all: Histogram = new Map();
  let completed = 0;
  for (const { cost, waste } of cohorts) {
    for (const count of cost.values()) completed += count;
    mergeInto(all, cost);
    mergeInto(all, waste);
  }
  let [runs, sum, squares] = [0, 0, 0];
  // In order of the buckets: sums of fractions depend on it.
  for (const [bucket, count] of [...all].sort(([a], [b]) => a - b)) {
    const value = Math.min(cap, middleOf(bucket));
    runs += count;
    sum += count * value;
    squares += count * value * value;
  }
  return { runs, completed, sum, squares };
}

/** What was spent to the billionth, and how many completed for it: whole numbers, so sums are exact in any order. */
export interface Bill {
  readonly ticks: number;
  /** Completed runs with a known cost. */
  readonly priced: number;
}

export function billOf(cohorts: readonly Cohort[]): Bill {
  let [ticks, priced] = [0, 0];
  for (const cohort of cohorts) {
    ticks += cohort.spent;
    priced += pricedOf(cohort);
  }
  return { ticks, priced };
}

/** Completed runs with a known cost. */
export function pricedOf({ cost }: Cohort): number {
  return cost.size === 0 ? 0 : countOf(cost);
}

/** What was spent for each run that completed, null without one: what the others cost is paid for as well. */
export function costPerCompleted({ ticks, priced }: Bill): number | null {
  return priced === 0 ? null : (ticks * 1e-9) / priced;
}

/** Standard error of what one run costs. */
export function errorOf({ runs, sum, squares }: Spending): number {
  const mean = sum / runs;
  return Math.sqrt(Math.max(0, squares / runs - mean * mean) / Math.max(1, runs - 1));
}

/**
 * A 95 % interval of the ratio of two costs per completed run, by the delta method on logarithms. For people and for `clear`, not
 * for alarms. Null where an arm has too little.
 */
export function costInterval(watched: Spending, reference: Spending): Signal["interval"] {
  if (watched.completed < 2 || reference.completed < 2) return null;
  if (watched.sum === 0 || reference.sum === 0) return null;
  const ratio = (watched.sum * reference.completed) / (reference.sum * watched.completed);
  const half = 1.96 * Math.sqrt(relative(watched) + relative(reference));
  return { low: ratio * Math.exp(-half), high: ratio * Math.exp(half), confidence: 0.95 };
}

/** Variance of the logarithm: of the mean spent, and of the share that completed. */
function relative(spending: Spending): number {
  const { runs, completed, sum } = spending;
  return ((errorOf(spending) * runs) / sum) ** 2 + (runs - completed) / (runs * completed);
}
