import { requireNumbers, requireProbability } from "./arguments.ts";

/**
 * Holm's adjusted p-values, in the order given: rejecting where they are at most `alpha` keeps the chance of any false
 * rejection in the family at `alpha`, whatever the dependence between the tests. Never smaller than the originals.
 *
 * Holm (1979), Scand. J. Statist. 6:65. No values give none. Throws `invalid-argument` for what is no p-value.
 */
export function holm(pValues: readonly number[]): readonly number[] {
  requireNumbers("pValues", pValues, 0);
  for (const p of pValues) requireProbability("pValues", p);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.min(1, Math.max(largest, p * (pValues.length - rank)));
    adjusted[index] = largest;
  }
  return adjusted;
}
