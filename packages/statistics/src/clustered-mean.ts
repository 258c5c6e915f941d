import { require, requireFraction, requireNumbers } from "./arguments.ts";
import type { Interval } from "./interval.ts";
import { tCdf, tQuantile } from "./student-t.ts";

/** A mean and how well it is known. */
export interface MeanEstimate {
  readonly mean: number;
  /** Of the mean. 0 when there is one cluster only: then `degreesOfFreedom` is 0 and nothing follows from it. */
  readonly standardError: number;
  /** Clusters (or values, without clusters) less 1. */
  readonly degreesOfFreedom: number;
  readonly n: number;
  readonly clusters: number;
}

/** Values of one case each, and the cluster (document, template, conversation) each case belongs to. */
export interface ClusteredValues {
  readonly values: readonly number[];
  /** One label per value. @default every value is its own cluster */
  readonly clusters?: readonly (string | number)[];
}

/**
 * The mean of `values` with a standard error that counts values of one cluster as related, in the finite-cluster form
 * of Inspect: `SE² = C/(C-1) · Σ_c (Σ_{i in c} (x_i - mean))² / n²`. Without clusters it is the ordinary standard error.
 *
 * Miller (2024), arXiv 2411.00640, §2.2; the factor as in UK AISI Inspect. Throws `invalid-argument` for no values,
 * values that are no finite numbers, and labels that do not match the values in number.
 */
export function clusteredMean({ values, clusters }: ClusteredValues): MeanEstimate {
  requireNumbers("values", values);
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  const sums =
    clusters === undefined ? values.map((value) => value - mean) : sumsByCluster(values, mean, clusters);
  const count = sums.length;
  let squares = 0;
  for (const sum of sums) squares += sum * sum;
  const standardError = count < 2 ? 0 : Math.sqrt((count / (count - 1)) * squares) / n;
  return { mean, standardError, degreesOfFreedom: count - 1, n, clusters: count };
}

export function sumsByCluster(
  values: readonly number[],
  mean: number,
  clusters: readonly (string | number)[],
): readonly number[] {
  require(clusters.length === values.length, "clusters", `must hold one label per value (${values.length})`);
  const sums = new Map<string | number, number>();
  for (let i = 0; i < values.length; i++) {
    const label = clusters[i] ?? i;
    sums.set(label, (sums.get(label) ?? 0) + ((values[i] ?? 0) - mean));
  }
  return [...sums.values()];
}

/**
 * Student's t interval of an estimated mean: `mean ± t · SE`. With no degree of freedom nothing is known and the bounds
 * are infinite.
 *
 * `alpha` (default 0.05) is how often each bound alone may miss. Student (1908), Biometrika 6:1. Throws `invalid-argument`.
 */
export function tInterval(
  estimate: MeanEstimate,
  { alpha = 0.05 }: { readonly alpha?: number } = {},
): Interval {
  requireFraction("alpha", alpha);
  const { mean, standardError, degreesOfFreedom } = estimate;
  if (degreesOfFreedom < 1) return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  const half = -tQuantile(alpha, degreesOfFreedom) * standardError;
  return { lower: mean - half, upper: mean + half };
}

/**
 * The one-sided p-value of "the true mean is at least `atLeast`" (default 0): small when the mean lies below it. Agrees
 * with {@link tInterval}: it is below `alpha` exactly when the upper bound lies below `atLeast`. 1 where nothing is known.
 */
export function tWorse(estimate: MeanEstimate, { atLeast = 0 }: { readonly atLeast?: number } = {}): number {
  const { mean, standardError, degreesOfFreedom } = estimate;
  if (degreesOfFreedom < 1) return 1;
  if (standardError === 0) return mean < atLeast ? 0 : 1;
  return tCdf((mean - atLeast) / standardError, degreesOfFreedom);
}
