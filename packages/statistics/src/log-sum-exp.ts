import { require } from "./arguments.ts";

/**
 * `ln(Σ exp(values))` without overflow or underflow: the largest term is taken out first. An empty sum is `-Infinity`;
 * terms may be `-Infinity`. The same values in the same order give the same bits.
 *
 * Throws `invalid-argument` for NaN.
 */
export function logSumExp(values: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    require(!Number.isNaN(value), "values", "must not hold NaN");
    if (value > largest) largest = value;
  }
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** `ln` of the mean of `exp(values)`: what a uniform mixture of e-values is worth. Throws `invalid-argument` for NaN and for no values. */
export function logMeanExp(values: readonly number[]): number {
  require(values.length > 0, "values", "must hold at least 1 value, got 0");
  return logSumExp(values) - Math.log(values.length);
}
