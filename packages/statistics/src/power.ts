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

/** One case: the scores of its repeats on either bundle. */
export interface RepeatedScores {
  readonly blue: readonly number[];
  readonly green: readonly number[];
}

function spread(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (values.length - 1) };
}

/**
 * Splits what differences vary by into the part that more repeats cut and the part that only more cases cut:
 * `within = mean of the cases' run variances`, `between = max(0, variance of the differences - what runs explain)`.
 *
 * Needs two cases and two repeats of each on both bundles. Components of variance, Miller (2024), arXiv 2411.00640, §3.
 * Throws `invalid-argument`.
 */
export function varianceParts(cases: readonly RepeatedScores[]): VarianceParts {
  require(cases.length >= 2, "cases", `must hold at least 2 cases, got ${cases.length}`);
  const differences: number[] = [];
  let [within, explained] = [0, 0];
  for (const { blue, green } of cases) {
    requireNumbers("blue", blue, 2);
    requireNumbers("green", green, 2);
    const [b, g] = [spread(blue), spread(green)];
    differences.push(g.mean - b.mean);
    within += (b.variance + g.variance) / cases.length;
    explained += (b.variance / blue.length + g.variance / green.length) / cases.length;
  }
  return { between: Math.max(0, spread(differences).variance - explained), within };
}
