import { requireCounts, requireProbability } from "./arguments.ts";
import { betaTails, binomialDensity } from "./incomplete-beta.ts";

/** `k` successes of `n` trials, each with probability `p`. */
export interface BinomialPoint {
  readonly successes: number;
  readonly n: number;
  readonly probability: number;
}

function check({ successes, n, probability }: BinomialPoint): void {
  requireCounts("successes", successes, n, 0);
  requireProbability("probability", probability);
}

/** P(X = successes), to about 1e-14 relative. Loader (2000), "Fast and accurate computation of binomial probabilities". */
export function binomialPoint(point: BinomialPoint): number {
  check(point);
  const { successes, n, probability } = point;
  return binomialDensity(successes, n - successes, probability, 1 - probability);
}

/**
 * P(X ≤ successes), to about 1e-13 relative, by the incomplete beta function (Abramowitz & Stegun 26.5.24). Throws
 * `invalid-argument` for counts that are no counts and for a probability outside [0, 1].
 */
export function binomialAtMost(point: BinomialPoint): number {
  check(point);
  const { successes, n, probability } = point;
  if (successes === n) return 1;
  return betaTails({ x: probability, a: successes + 1, b: n - successes }).upper;
}
