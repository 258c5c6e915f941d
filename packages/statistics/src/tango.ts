import { require, requireCount, requireFraction } from "./arguments.ts";
import { lastTrue } from "./bisect.ts";
import type { Interval } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/** Pairs of one case each: `gained` passed on green alone, `lost` on blue alone, the other `n - gained - lost` agree. */
export interface PairedCounts {
  readonly gained: number;
  readonly lost: number;
  /** All pairs, at least 1. */
  readonly n: number;
}

function requirePairs({ gained, lost, n }: PairedCounts): void {
  requireCount("n", n, 1);
  requireCount("gained", gained);
  requireCount("lost", lost);
  require(gained + lost <= n, "n", `must be at least gained + lost (${gained + lost}), got ${n}`);
}

/**
 * Tango's statistic, falling in `difference`: how many standard errors the observed difference of pass rates lies above it,
 * with the standard error that this difference would have. At 0 it is McNemar's `(gained - lost) / √(gained + lost)`.
 */
function scoreAt({ gained, lost, n }: PairedCounts, difference: number): number {
  const a = 2 * n;
  const b = (2 * n - gained + lost) * difference - gained - lost;
  const c = -lost * difference * (1 - difference);
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  // The larger root of a p² + b p + c, by whichever form subtracts nothing.
  const losing = b <= 0 ? (root - b) / (2 * a) : root + b === 0 ? 0 : (-2 * c) / (root + b);
  const variance = n * (2 * losing + difference * (1 - difference));
  const excess = gained - lost - n * difference;
  if (variance <= 0) return excess === 0 ? 0 : Math.sign(excess) * Number.POSITIVE_INFINITY;
  return excess / Math.sqrt(variance);
}

/**
 * Tango's score interval of the difference of two paired pass rates, green less blue: every difference whose
 * score lies within the normal quantile of `alpha`. Holds its error rate for small sets and few
 * discordant pairs, where the normal interval does not.
 *
 * `alpha` (default 0.05) is how often each bound alone may miss. Tango (1998), Stat. Med. 17:891. Throws
 * `invalid-argument`.
 */
export function tangoInterval({
  alpha = 0.05,
  ...pairs
}: PairedCounts & { readonly alpha?: number }): Interval {
  requirePairs(pairs);
  requireFraction("alpha", alpha);
  const z = -normalQuantile(alpha);
  const estimate = (pairs.gained - pairs.lost) / pairs.n;
  return {
    lower: lastTrue((difference) => scoreAt(pairs, difference) > z, -1, estimate),
    upper: lastTrue((difference) => scoreAt(pairs, difference) > -z, estimate, 1),
  };
}
