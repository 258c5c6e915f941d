import { require, requireNumbers, requirePositive, requireProbability } from "./arguments.ts";

function requireShares(argument: string, shares: readonly number[]): void {
  requireNumbers(argument, shares);
  let sum = 0;
  for (const share of shares) {
    requireProbability(argument, share);
    sum += share;
  }
  require(Math.abs(sum - 1) < 1e-6, argument, `must add up to 1, got ${sum}`);
}

/**
 * Total variation distance of two distributions over the same slices, `½ Σ |p - q|`: the share of the one that would
 * have to move to make the other. One less it is their overlap, `Σ min(p, q)`.
 *
 * Levin, Peres & Wilmer (2009), Markov Chains and Mixing Times, §4.1. Throws `invalid-argument` unless both are shares
 * that add up to 1, equally many.
 */
export function totalVariation(p: readonly number[], q: readonly number[]): number {
  requireShares("p", p);
  requireShares("q", q);
  require(p.length === q.length, "q", `must have as many slices as p (${p.length}), got ${q.length}`);
  return p.reduce((sum, share, i) => sum + Math.abs(share - (q[i] ?? 0)), 0) / 2;
}

/**
 * The total variation that two samples of `n` and `m` from one and the same distribution `p` show on average by chance:
 * `√(1/2π) Σ √(p (1 - p) (1/n + 1/m))`, half the mean absolute value of a normal difference per slice. An approximation,
 * good from a few per slice on.
 */
export function totalVariationByChance(p: readonly number[], n: number, m: number): number {
  requireShares("p", p);
  requirePositive("n", n);
  requirePositive("m", m);
  const scale = Math.sqrt((1 / n + 1 / m) / (2 * Math.PI));
  return scale * p.reduce((sum, share) => sum + Math.sqrt(share * (1 - share)), 0);
}
