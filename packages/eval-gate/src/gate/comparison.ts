import type { EvalCase } from "../eval-set/eval-set.ts";
import type { CaseResult } from "../results/results.ts";

/** The cases that take part, and what both bundles scored on them; the lists are parallel. */
export interface Comparison {
  readonly cases: readonly EvalCase[];
  /** Null for the first bundle. */
  readonly baseline: readonly CaseResult[] | null;
  readonly candidate: readonly CaseResult[];
}

/** The scores of one metric: per case one number per repeat, and their mean. */
export interface MetricScores {
  readonly repeats: readonly (readonly number[])[];
  readonly means: readonly number[];
}

/** Several findings read the same scores of the same results, which never change. */
const read = new WeakMap<readonly CaseResult[], Map<string, MetricScores>>();

/** The scores of `metric`. Every one of them is a number: cases without are out of the comparison by now. */
export function scoresOf(results: readonly CaseResult[], metric: string): MetricScores {
  const known = read.get(results) ?? new Map<string, MetricScores>();
  read.set(results, known);
  const found = known.get(metric);
  if (found !== undefined) return found;
  const repeats: number[][] = [];
  const means: number[] = [];
  for (const result of results) {
    const scores: number[] = [];
    for (const repeat of result.repeats) scores.push(repeat.scores[metric] ?? Number.NaN);
    repeats.push(scores);
    means.push(mean(scores));
  }
  const made = { repeats, means };
  known.set(metric, made);
  return made;
}

/** The cases at `kept`, with what was scored on them. */
export function selectCases({ cases, baseline, candidate }: Comparison, kept: readonly number[]): Comparison {
  return {
    cases: pick(cases, kept),
    baseline: baseline === null ? null : pick(baseline, kept),
    candidate: pick(candidate, kept),
  };
}

/** The values at `kept`, in that order. */
export function pick<T>(values: readonly T[], kept: readonly number[]): readonly T[] {
  // Positions come from the list itself.
  return kept.map((at) => values[at] as T);
}

/** Positions of the cases of each slice. */
export function positionsBySlice(cases: readonly EvalCase[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [at, { slice }] of cases.entries()) {
    const positions = found.get(slice);
    if (positions === undefined) found.set(slice, [at]);
    else positions.push(at);
  }
  return found;
}

/** The mean of at least one number. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
