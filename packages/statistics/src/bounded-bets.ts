import { require, requireFraction, requireNumbers } from "./arguments.ts";
import { logMeanExp } from "./log-sum-exp.ts";

/** Logarithms are kept as whole multiples of this, so that sums are exact in any order. */
const tick = 2 ** -38;
const most = Number.MAX_SAFE_INTEGER;

/** Fixed bets on excess divergence and paired losses, each a share of the capital. */
export const divergenceBets: readonly number[] = Object.freeze([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7]);
/** Fixed bets on a cost ratio, each a share of the capital. */
export const costBets: readonly number[] = Object.freeze([0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95]);

/**
 * Evidence of fixed bets: per bet the sum of `ln(1 + bet · value)`, in whole ticks of 2⁻³⁸. Plain JSON. Two such arrays
 * are merged by adding them.
 */
export type BetSums = number[];

/**
 * Adds one value to the evidence against "the mean of the values is at most 0". Values are at least -1: scale
 * `(difference - margin) / (1 + margin)` for differences in [-1, 1], `(green - ratio · blue) / (ratio · cap)` for costs
 * in [0, cap].
 *
 * Every logarithm is rounded down to a whole tick: E loses 4e-12 a value at most, never gains, and the sums of any order,
 * split or replay are the same bits (up to 32,768 nats either way, where a sum stands still).
 *
 * Bounded bets, Waudby-Smith & Ramdas (2024), JRSS-B 86:1, with constant bets. Throws `invalid-argument` for a value below
 * -1 or not finite and bets not strictly between 0 and 1.
 */
export function addBets(sums: BetSums, value: number, bets: readonly number[]): void {
  require(value >= -1 && value < Infinity, "value", `must be a finite number from -1 on, got ${value}`);
  require(sums.length ===
    bets.length, "sums", `must have one entry per bet (${bets.length}), got ${sums.length}`);
  for (let k = 0; k < bets.length; k++) {
    const bet = bets[k] ?? 0;
    requireFraction("bets", bet);
    const sum = (sums[k] ?? 0) + Math.floor(Math.log1p(bet * value) / tick);
    sums[k] = Math.max(-most, Math.min(most, sum));
  }
}

/** `ln E` of the bets together, their uniform mixture; 0 before the first value. Throws `invalid-argument` for no sums. */
export function logEOfBets(sums: readonly number[]): number {
  requireNumbers("sums", sums);
  return logMeanExp(sums.map((sum) => sum * tick));
}
