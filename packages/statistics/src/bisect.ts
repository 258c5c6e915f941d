import { require, requireFinite } from "./arguments.ts";

/**
 * The point of `[low, high]` where `holds` changes from true to false, to the last bit: of the two neighbouring
 * numbers around the change the one that is still true. `holds` must be monotone: once false, false to the right.
 *
 * Answers `low` when `holds` is false everywhere and `high` when it is true everywhere. Bisection: one bit per call,
 * at most about 1,100 calls when the answer lies at the smallest numbers, 60 as a rule.
 *
 * Throws `invalid-argument` unless `low` and `high` are finite and in order.
 */
export function lastTrue(holds: (x: number) => boolean, low: number, high: number): number {
  requireFinite("low", low);
  requireFinite("high", high);
  require(low <= high, "low", `must not exceed high (${high}), got ${low}`);
  if (holds(high)) return high;
  let [yes, no] = [low, high];
  if (!holds(yes)) return low;
  for (;;) {
    const middle = yes + (no - yes) / 2;
    if (middle <= yes || middle >= no) return yes;
    if (holds(middle)) yes = middle;
    else no = middle;
  }
}
