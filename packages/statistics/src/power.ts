import { require, requireCount, requireFraction, requireNumbers, requirePositive } from "./arguments.ts";
import { normalQuantile } from "./normal.ts";

/** The error rate and the power that a plan asks for. */
export interface PlanOptions {
  /** One-sided. @default 0.05 */
  readonly alpha?: number;
  /** The chance of a pass when the two bundles are the same. @default 0.8 */
  readonly power?: number;
}

function quantiles({ alpha = 0.05, power = 0.8 }: PlanOptions): number {
  requireFraction("alpha", alpha);
  requireFraction("power", power);
  require(power > alpha, "power", `must exceed alpha (${alpha}), got ${power}`);
  return normalQuantile(power) - normalQuantile(alpha);
}

function requireVariance(variance: number): void {
  require(variance >= 0 &&
    variance < Infinity, "variance", `must be a finite number from 0 on, got ${variance}`);
}

/**
 * How many cases a non-inferiority gate needs to pass an identical bundle at `margin` with the given power:
 * `⌈(z_α + z_power)² · variance / margin²⌉`, at least 1. `variance` is that of one case's difference between the
 * bundles; with one pass-or-fail run each it is the share of cases on which they disagree.
 *
 * Miller (2024), arXiv 2411.00640, §5, one-sided. Throws `invalid-argument`.
 */
export function casesNeeded(
  options: PlanOptions & { readonly variance: number; readonly margin: number },
): number {
  const { variance, margin } = options;
  requireVariance(variance);
  requirePositive("margin", margin);
  const ratio = quantiles(options) / margin;
  return Math.max(1, Math.ceil(ratio * ratio * variance));
}

/**
 * The smallest margin that `n` cases can confirm on an identical bundle with the given power:
 * `(z_α + z_power) · √(variance / n)`. The inverse of {@link casesNeeded}.
 */
export function confirmableMargin(
  options: PlanOptions & { readonly variance: number; readonly n: number },
): number {
  const { variance, n } = options;
  requireVariance(variance);
  requirePositive("n", n);
  return quantiles(options) * Math.sqrt(variance / n);
}

/** What one case's difference varies by: from case to case, and from run to run within a bundle. */
export interface VarianceParts {
  /** Of the true difference between cases. */
  readonly between: number;
  /** Of one run, blue's and green's added, averaged over cases. */
  readonly within: number;
}

/** The variance of one case's difference when each bundle runs it `repeats` times: `between + within / repeats`. */
export function varianceAt({ between, within }: VarianceParts, repeats: number): number {
  requireCount("repeats", repeats, 1);
  return between + within / repeats;
}

/**
 * The scores of all repeats of all cases in one list: those of case `i` stand from `starts[i]` to before `starts[i + 1]`,
 * so `starts` holds one more number than there are cases.
 */
export interface RepeatedScores {
  readonly scores: ArrayLike<number>;
  readonly starts: ArrayLike<number>;
}

/**
 * Splits what differences vary by into the part that more repeats cut and the part that only more cases cut:
 * `within = mean of the cases' run variances`, `between = max(0, variance of the differences - what runs explain)`.
 *
 * Needs two cases and two repeats of each on both bundles. Components of variance, Miller (2024), arXiv 2411.00640, §3.
 * Throws `invalid-argument`.
 */
export function varianceParts(arms: {
  readonly blue: RepeatedScores;
  readonly green: RepeatedScores;
}): VarianceParts {
  const n = arms.blue.starts.length - 1;
  require(n >= 2, "blue", `must hold at least 2 cases, got ${n}`);
  require(arms.green.starts.length - 1 === n, "green", `must hold the ${n} cases that blue holds`);
  const [blue, green] = [runsOf("blue", arms.blue), runsOf("green", arms.green)];
  let [mean, within, explained] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const b = blue.variances[i] ?? 0;
    const g = green.variances[i] ?? 0;
    mean += (green.means[i] ?? 0) - (blue.means[i] ?? 0);
    within += (b + g) / n;
    explained += (b / repeatsOf(arms.blue, i) + g / repeatsOf(arms.green, i)) / n;
  }
  mean /= n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((green.means[i] ?? 0) - (blue.means[i] ?? 0) - mean) ** 2;
  return { between: Math.max(0, squares / (n - 1) - explained), within };
}

function repeatsOf({ starts }: RepeatedScores, at: number): number {
  return (starts[at + 1] ?? 0) - (starts[at] ?? 0);
}

/** Mean and variance of the repeats of each case. */
function runsOf(
  name: string,
  { scores, starts }: RepeatedScores,
): { readonly means: Float64Array; readonly variances: Float64Array } {
  requireNumbers(`${name}.scores`, scores);
  const n = starts.length - 1;
  const [means, variances] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    const from = starts[i] ?? 0;
    const to = starts[i + 1] ?? 0;
    require(to - from >= 2 && to <= scores.length, name, "must hold at least 2 repeats of every case");
    let sum = 0;
    let squares = 0;
    for (let at = from; at < to; at++) sum += scores[at] ?? 0;
    const mean = sum / (to - from);
    for (let at = from; at < to; at++) squares += ((scores[at] ?? 0) - mean) ** 2;
    means[i] = mean;
    variances[i] = squares / (to - from - 1);
  }
  return { means, variances };
}
