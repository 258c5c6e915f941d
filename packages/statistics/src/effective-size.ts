import { require, requireCount, requireNumbers } from "./arguments.ts";

/** One slice of a set: how many cases it has, and what each of them is to count. */
export interface WeightedSlice {
  readonly cases: number;
  /** Production share over the slice's share of the set; any common factor cancels. */
  readonly weight: number;
}

/**
 * Kish's effective size: how many equally weighted cases would estimate as well as these weighted ones,
 * `(Σ w n)² / Σ w² n`. At most the number of cases, and equal to it when all weights are the same; 0 without any weight.
 *
 * Kish (1965), Survey Sampling, §11.7. Throws `invalid-argument` for counts that are no counts and negative weights.
 */
export function effectiveSize(slices: readonly WeightedSlice[]): number {
  let [sum, squares] = [0, 0];
  for (const { cases, weight } of slices) {
    requireCount("cases", cases);
    requireNumbers("weight", [weight]);
    require(weight >= 0, "weight", `must not be negative, got ${weight}`);
    sum += weight * cases;
    squares += weight * weight * cases;
  }
  return squares === 0 ? 0 : (sum * sum) / squares;
}
