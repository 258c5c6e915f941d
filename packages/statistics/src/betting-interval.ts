import { require, requireFraction, requireNumbers } from "./arguments.ts";
import { lastTrue } from "./bisect.ts";
import type { Interval } from "./interval.ts";
import { logSumExp } from "./log-sum-exp.ts";

/**
 * Bets, as shares of the largest one that cannot lose everything, and how the capital is spread over them. Large ones
 * decide on few values and on values that hardly vary; the small ones keep the bounds closing in on many.
 */
const bets = [
  { share: 0.95, weight: 0.3 },
  { share: 0.6, weight: 0.3 },
  { share: 0.25, weight: 0.3 },
  { share: 0.08, weight: 0.06 },
  { share: 0.02, weight: 0.04 },
] as const;

/** Bounded values of one case (or one cluster's mean) each. */
export interface BettingOptions {
  readonly values: readonly number[];
  /** The least and the greatest value there can be, known beforehand. @default -1 and 1 */
  readonly range?: readonly [number, number];
  /** How often each bound alone may miss. @default 0.05 */
  readonly alpha?: number;
}

/** How many values there are of each size: ties are the rule, and a bet on ties is one logarithm. */
function tally(
  values: readonly number[],
  range: readonly [number, number],
): readonly (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const value of values) {
    const scaled = (value - range[0]) / (range[1] - range[0]);
    counts.set(scaled, (counts.get(scaled) ?? 0) + 1);
  }
  // In order of size, so that the order of the cases leaves no trace in the last bits.
  return [...counts].sort((a, b) => a[0] - b[0]);
}

/** `ln` capital of the mixture of bets that the mean of values in [0, 1] exceeds `mean`; falling in `mean`. */
function logCapital(counts: readonly (readonly [number, number])[], mean: number): number {
  return logSumExp(
    bets.map(({ share, weight }) => {
      let sum = Math.log(weight);
      for (const [value, count] of counts) sum += count * Math.log1p((share * (value - mean)) / mean);
      return sum;
    }),
  );
}

function lowerBound(counts: readonly (readonly [number, number])[], limit: number): number {
  const least = counts[0]?.[0] ?? 0;
  if (counts.length === 1 && least === 0) return 0;
  return lastTrue((mean) => mean < 1e-12 || logCapital(counts, mean) >= limit, 0, 1);
}

/**
 * An interval for the mean of bounded values that holds at any sample size: each bound misses with probability at most
 * `alpha`, without a normal approximation. Wide on few values, which is true. The values' order does not matter.
 *
 * The means that a mixture of constant bets does not refute, Waudby-Smith & Ramdas (2024), JRSS-B 86:1, §4 and §5; constant
 * bets, so that no order is singled out. Throws `invalid-argument` for no values and values outside `range`.
 */
export function bettingInterval({ values, range = [-1, 1], alpha = 0.05 }: BettingOptions): Interval {
  requireNumbers("values", values);
  requireNumbers("range", range, 2);
  requireFraction("alpha", alpha);
  const [low, high] = range;
  require(low < high, "range", `must run from a smaller to a greater number, got ${low} to ${high}`);
  for (const value of values) {
    require(value >= low && value <= high, "values", `must lie within ${low} and ${high}, got ${value}`);
  }
  const limit = -Math.log(alpha);
  const mirrored = values.map((value) => low + high - value);
  const width = high - low;
  return {
    lower: low + width * lowerBound(tally(values, range), limit),
    upper: high - width * lowerBound(tally(mirrored, range), limit),
  };
}
