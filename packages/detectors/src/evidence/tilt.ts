/** Logarithms are kept as whole multiples of this, so that sums are exact in any order. */
const tick = 2 ** -38;
const most = Number.MAX_SAFE_INTEGER;

/**
 * Adds the evidence of one group against "which runs are the watched ones has nothing to do with their scores", in whole ticks:
 * per tilt λ the logarithm of `exp(λ Σ watched scores)` over its mean across every way of choosing as many runs of the group.
 *
 * Given the scores, that mean is what the watched runs give on average while the arms are interchangeable, so each factor is worth
 * 1 then: exact at any size, for any spread, with arms of any share. It is the conditional likelihood ratio of an exponential
 * family (Fisher's non-central draw), the most powerful use of a group's ranks for that shape; the mean is an elementary symmetric
 * polynomial, summed by dynamic programming. Rounded down, as `addBets` of `@verdigris/statistics`.
 */
export function addTilts(
  sums: number[],
  watched: readonly number[],
  reference: readonly number[],
  tilts: readonly number[],
): void {
  if (watched.length === 0 || reference.length === 0) return;
  // Choosing the watched runs is leaving out the others: the smaller share costs less to sum over.
  const [few, direction] = watched.length <= reference.length ? [watched, 1] : [reference, -1];
  const all = [...watched, ...reference];
  let sum = 0;
  for (const score of few) sum += score;
  for (let k = 0; k < tilts.length; k++) {
    const tilt = direction * (tilts[k] ?? 0);
    const log = tilt * sum - logMeanOverChoices(all, few.length, tilt);
    const ticks = (sums[k] ?? 0) + Math.floor(log / tick);
    sums[k] = Math.max(-most, Math.min(most, ticks));
  }
}

/** `ln` of the mean of `exp(tilt · Σ chosen)` over all choices of `size` of the scores. */
function logMeanOverChoices(scores: readonly number[], size: number, tilt: number): number {
  // means[j]: of the choices of j among the scores so far. Means instead of sums: nothing overflows.
  const means = new Float64Array(size + 1);
  means[0] = 1;
  for (let i = 0; i < scores.length; i++) {
    const weight = Math.exp(tilt * (scores[i] ?? 0));
    const n = i + 1;
    for (let j = Math.min(size, n); j >= 1; j--) {
      const share = j / n;
      means[j] = (means[j] ?? 0) * (1 - share) + (means[j - 1] ?? 0) * weight * share;
    }
  }
  return Math.log(means[size] ?? 1);
}
