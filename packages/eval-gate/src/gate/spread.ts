import { varianceAt, varianceParts } from "@verdigris/statistics";
import { isRepeated, type MetricScores } from "./comparison.ts";
import type { Sample } from "./estimate.ts";

/** What the difference of one case varies by, clusters and weights included. */
export interface Spread {
  readonly now: number;
  /** At so many repeats; null where runs of one bundle were never compared with each other. */
  at(repeats: number): number | null;
}

/**
 * The variance per case is that of `varianceParts` (Miller 2024) times the design effect: what clusters and weights add to
 * it. Null where nothing is known of it.
 */
export function spreadOf(blue: MetricScores, green: MetricScores, sample: Sample): Spread | null {
  const { values: differences, estimate } = sample;
  const { standardError } = estimate;
  const n = differences.length;
  if (n < 2) return null;
  let [sum, squares, around] = [0, 0, 0];
  for (let at = 0; at < n; at++) sum += differences[at] ?? 0;
  const centre = sum / n;
  for (let at = 0; at < n; at++) {
    const value = differences[at] ?? 0;
    squares += (value - centre) ** 2;
    around += value ** 2;
  }
  const plain = squares / (n - 1);
  const effect = plain > 0 && standardError > 0 ? (standardError ** 2 * n) / plain : 1;
  if (!isRepeated(blue)) {
    // Around no difference: one pass or fail each gives the share of cases on which the bundles disagree.
    const now = effect * (around / n);
    return now > 0 ? { now, at: () => null } : null;
  }
  const parts = varianceParts({ blue, green });
  const now = effect * plain;
  if (parts.between === 0 && parts.within === 0) return null;
  return { now, at: (repeats) => effect * varianceAt(parts, repeats) };
}
