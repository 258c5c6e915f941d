import { require, requireCount, requireCounts, requireFraction, requireNumbers } from "./arguments.ts";
import { logMeanExp } from "./log-sum-exp.ts";

/** Counts of a stream of yes-or-no events, and the grid they are held against. */
export interface BinomialEvidence {
  readonly hits: number;
  readonly n: number;
  /** Under the null hypothesis, of a hit. */
  readonly nullProbability: number;
  /** What a hit might have instead, all above or all below the null. */
  readonly alternatives: readonly number[];
}

/**
 * `ln E` of the e-process against "a hit has `nullProbability` or is rarer" (alternatives above it) or "or is more
 * frequent" (alternatives below): the uniform mixture over the grid of `(θ/q)^hits ((1-θ)/(1-q))^(n-hits)`.
 *
 * While the null is true, the chance that E ever reaches 1/α is at most α, however often one looks (Ville 1939). It
 * depends on the counts alone: any order, any split over processes, any replay gives the same bits. 0 at n = 0.
 *
 * Mixture likelihood ratio, Robbins (1970), Ann. Math. Stat. 41:1397; Ramdas et al. (2023), Stat. Sci. 38:576. Throws
 * `invalid-argument` for counts that do not fit, probabilities at or outside 0 and 1, and a grid on both sides of the null.
 */
export function logEBinomial({ hits, n, nullProbability, alternatives }: BinomialEvidence): number {
  requireCounts("hits", hits, n, 0);
  requireFraction("nullProbability", nullProbability);
  requireGrid(alternatives, nullProbability);
  return mixture(hits, n, nullProbability, alternatives);
}

function requireGrid(alternatives: readonly number[], nullProbability: number): void {
  requireNumbers("alternatives", alternatives);
  const above = (alternatives[0] ?? 0) > nullProbability;
  for (const alternative of alternatives) {
    requireFraction("alternatives", alternative);
    const fits = above ? alternative > nullProbability : alternative < nullProbability;
    require(fits, "alternatives", `must all lie on one side of nullProbability (${nullProbability})`);
  }
}

function mixture(hits: number, n: number, nullProbability: number, alternatives: readonly number[]): number {
  const misses = n - hits;
  return logMeanExp(
    alternatives.map(
      (alternative) =>
        hits * Math.log(alternative / nullProbability) +
        misses * (Math.log1p(-alternative) - Math.log1p(-nullProbability)),
    ),
  );
}

/** Counts of two arms above each of a row of thresholds, the same for both. */
export interface TailEvidence {
  /** Per threshold x: green's values above x, and blue's values times the ratio at or above x. */
  readonly thresholds: readonly { readonly green: number; readonly blue: number }[];
  readonly greenN: number;
  readonly blueN: number;
  /** Of a value above the quantile: 0.05 for p95. @default 0.05 */
  readonly exceedance?: number;
  /** All above `exceedance`. @default {@link slowTailGrid} */
  readonly greenAlternatives?: readonly number[];
  /** All below `exceedance`. @default {@link fastTailGrid} */
  readonly blueAlternatives?: readonly number[];
}

/** Shares of green's values above blue's p95 that a slowdown may bring about. */
export const slowTailGrid: readonly number[] = Object.freeze([0.06, 0.075, 0.1, 0.15, 0.2, 0.3, 0.45]);
/** Shares of blue's values above green's p95 that a slowdown may leave. */
export const fastTailGrid: readonly number[] = Object.freeze([0.04, 0.03, 0.02, 0.01, 0.003]);
/** Shares of pairs that green loses, against a half. */
export const signGrid: readonly number[] = Object.freeze([0.53, 0.56, 0.6, 0.65, 0.72, 0.8, 0.9]);

/**
 * The failure rates to hold against a pass rate's `floor`: eight, in a geometric row from 1.15 times `1 - floor` to 0.7.
 * For a floor of 0.9 rounded as published. Throws `invalid-argument` unless the floor lies between 0.4 and 1.
 */
export function failureGrid(floor: number): readonly number[] {
  require(floor > 0.4 && floor < 1, "floor", `must lie strictly between 0.4 and 1, got ${floor}`);
  if (floor === 0.9) return [0.115, 0.13, 0.16, 0.2, 0.26, 0.35, 0.5, 0.7];
  const first = 1.15 * (1 - floor);
  const ratio = (0.7 / first) ** (1 / 7);
  return Array.from({ length: 8 }, (_, k) => first * ratio ** k);
}

/**
 * `ln E` of the e-process against "green's quantile is at most `ratio` times blue's": at every threshold the product of
 * green's evidence that it lies below green's quantile and blue's that it lies above blue's, and of those the smallest.
 *
 * Whatever green's true quantile is, neither factor wins there under the null, so E ever reaches 1/α with chance at most α
 * if `thresholds` hold the counts of every interval between values (or, from a histogram, safe ones: green above the
 * bucket's upper bound, blue from its lower bound on). Counts alone, hence order-free and mergeable.
 *
 * One-sided, composite form of Howard & Ramdas (2022), Bernoulli 28:1704, Theorem 5, with grids for the beta mixture.
 * Throws `invalid-argument` for counts that do not fit and no thresholds.
 */
export function logETailRatio(evidence: TailEvidence): number {
  const { thresholds, greenN, blueN, exceedance = 0.05 } = evidence;
  const { greenAlternatives = slowTailGrid, blueAlternatives = fastTailGrid } = evidence;
  requireFraction("exceedance", exceedance);
  requireGrid([exceedance / 2, ...blueAlternatives], exceedance);
  requireGrid([(1 + exceedance) / 2, ...greenAlternatives], exceedance);
  require(thresholds.length > 0, "thresholds", "must hold at least 1 threshold, got 0");
  requireCount("greenN", greenN);
  requireCount("blueN", blueN);
  let smallest = Number.POSITIVE_INFINITY;
  for (const { green, blue } of thresholds) {
    requireCounts("green", green, greenN, 0);
    requireCounts("blue", blue, blueN, 0);
    const slow = mixture(green, greenN, exceedance, greenAlternatives);
    smallest = Math.min(smallest, slow + mixture(blue, blueN, exceedance, blueAlternatives));
  }
  return smallest;
}

/**
 * `ln E` of an e-process that also starts afresh at fixed times, so that an old good past does not hide a late change:
 * half of the process from the start, the other half spread over `restarts` (their `ln E`; 0 for one not begun).
 *
 * An average of e-processes is one: the chance of ever reaching 1/α stays at most α. After a promotion, with no end, use
 * `logSumExp(restarts)` instead and an alarm at `ln A`: at least A looks on average to a false alarm (e-detectors; Shin,
 * Ramdas & Rinaldo 2024, New Engl. J. Stat. Data Sci. 2:229).
 */
export function logERestarted(whole: number, restarts: readonly number[]): number {
  require(!Number.isNaN(whole), "whole", "must be a number, got NaN");
  return restarts.length === 0 ? whole : logMeanExp([whole, logMeanExp(restarts)]);
}
