import { require, requireFraction, requireNumbers } from "./arguments.ts";
import type { Interval } from "./interval.ts";
import { tCdf, tQuantile } from "./student-t.ts";

/** A mean and how well it is known. */
export interface MeanEstimate {
  readonly mean: number;
  /** Of the mean. 0 when there is one cluster only: then `degreesOfFreedom` is 0 and nothing follows from it. */
  readonly standardError: number;
  /** Clusters (or values, without clusters) less 1; fewer, and no whole number, in the form for uneven clusters. */
  readonly degreesOfFreedom: number;
  readonly n: number;
  readonly clusters: number;
}

/** Clusters by number instead of by name: what {@link indexClusters} makes. */
export interface ClusterIndex {
  /** The cluster of each value, numbered from 0 in the order in which clusters first appear. */
  readonly of: Int32Array;
  readonly count: number;
}

/** Values of one case each, and the cluster (document, template, conversation) each case belongs to. */
export interface ClusteredValues {
  readonly values: ArrayLike<number>;
  /** One label per value, or the labels numbered beforehand. @default every value is its own cluster */
  readonly clusters?: readonly (string | number)[] | ClusterIndex;
  /**
   * `finite-cluster` is what evaluation tools print; `uneven` holds its error rate from ten clusters of any sizes on. They
   * agree where all clusters are of one size.
   * @default "finite-cluster"
   */
  readonly form?: "finite-cluster" | "uneven";
}

/**
 * Numbers cluster labels once, for callers that estimate many means over the same cases. `undefined` stands for a value
 * that is alone.
 */
export function indexClusters(labels: readonly (string | number | undefined)[]): ClusterIndex {
  const known = new Map<string | number, number>();
  const of = new Int32Array(labels.length);
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    const found = label === undefined ? undefined : known.get(label);
    of[i] = found ?? count;
    if (found !== undefined) continue;
    if (label !== undefined) known.set(label, count);
    count += 1;
  }
  return { of, count };
}

/**
 * The mean of `values` with a standard error that counts values of one cluster as related, in the finite-cluster form
 * of Inspect: `SE² = C/(C-1) · Σ_c (Σ_{i in c} (x_i - mean))² / n²`. Without clusters it is the ordinary standard error.
 *
 * The form for `uneven` clusters divides each cluster's square by `1 - n_c/n` instead, what a cluster of `n_c` values has
 * pulled the mean towards itself by, and counts as many degrees of freedom as the squares of such clusters are worth.
 *
 * Miller (2024), arXiv 2411.00640, §2.2; the factor as in UK AISI Inspect. Uneven: CR2 of Bell & McCaffrey (2002), Survey
 * Methodology 28:169, with their Satterthwaite degrees of freedom, for a mean alone. Throws `invalid-argument` for no values,
 * values that are no finite numbers, and labels that do not match the values in number.
 */
export function clusteredMean({ values, clusters, form = "finite-cluster" }: ClusteredValues): MeanEstimate {
  requireNumbers("values", values);
  const n = values.length;
  let total = 0;
  for (let i = 0; i < n; i++) total += values[i] ?? 0;
  const mean = total / n;
  if (clusters === undefined) {
    let squares = 0;
    for (let i = 0; i < n; i++) squares += square((values[i] ?? 0) - mean);
    return finiteMean({ mean, squares, n, clusters: n });
  }
  const index = "count" in clusters ? clusters : indexClusters(clusters);
  const sums = sumsByCluster(values, mean, index);
  if (form === "uneven" && sums.length > 1) return unevenMean({ mean, sums, sizes: sizesOf(index), n });
  let squares = 0;
  for (let c = 0; c < sums.length; c++) squares += square(sums[c] ?? 0);
  return finiteMean({ mean, squares, n, clusters: sums.length });
}

/** From the squares of the residual sums of the clusters. */
function finiteMean(found: {
  readonly mean: number;
  readonly squares: number;
  readonly n: number;
  readonly clusters: number;
}): MeanEstimate {
  const { mean, squares, n, clusters } = found;
  const standardError = clusters < 2 ? 0 : Math.sqrt((clusters / (clusters - 1)) * squares) / n;
  return { mean, standardError, degreesOfFreedom: clusters - 1, n, clusters };
}

function sizesOf({ of, count }: ClusterIndex): Float64Array {
  const sizes = new Float64Array(count);
  for (let i = 0; i < of.length; i++) sizes[of[i] ?? 0] = (sizes[of[i] ?? 0] ?? 0) + 1;
  return sizes;
}

/** From the residual sum and the size of each cluster. */
function unevenMean(found: {
  readonly mean: number;
  readonly sums: Float64Array;
  readonly sizes: Float64Array;
  readonly n: number;
}): MeanEstimate {
  const { mean, sums, sizes, n } = found;
  const clusters = sums.length;
  let [squares, sizeSquares, crossed, own] = [0, 0, 0, 0];
  for (let c = 0; c < clusters; c++) {
    const sizeSquare = square(sizes[c] ?? 0);
    const weight = 1 / (1 - (sizes[c] ?? 0) / n);
    squares += weight * square(sums[c] ?? 0);
    sizeSquares += sizeSquare;
    crossed += weight * sizeSquare;
    own += square(weight * sizeSquare);
  }
  // 2 E² / Var of the weighted squares, were the values unrelated and of one variance.
  const degreesOfFreedom = (n * n) / (sizeSquares + (square(crossed) - own) / (n * n));
  return { mean, standardError: Math.sqrt(squares) / n, degreesOfFreedom, n, clusters };
}

function square(x: number): number {
  return x * x;
}

/** The sums of `value - mean` over each cluster, in the order in which clusters first appear. */
export function sumsByCluster(
  values: ArrayLike<number>,
  mean: number,
  clusters: readonly (string | number)[] | ClusterIndex,
): Float64Array {
  const { of, count } = "count" in clusters ? clusters : indexClusters(clusters);
  require(of.length === values.length, "clusters", `must hold one label per value (${values.length})`);
  const sums = new Float64Array(count);
  for (let i = 0; i < of.length; i++) {
    const cluster = of[i] ?? 0;
    sums[cluster] = (sums[cluster] ?? 0) + ((values[i] ?? 0) - mean);
  }
  return sums;
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
