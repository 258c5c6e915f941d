import { require, requireCount, requireNumbers } from "./arguments.ts";
import { type ClusterIndex, sumsByCluster } from "./clustered-mean.ts";
import { randomFrom } from "./random.ts";

/** Up to this many non-zero differences every assignment of signs is counted: 65,536 of them. */
const exactUpTo = 16;

/** Paired differences, green less blue, and how to draw when there are too many to count. */
export interface SignFlipOptions {
  readonly differences: ArrayLike<number>;
  /** One label per difference: cases of a cluster change sign together. @default every difference is its own cluster */
  readonly clusters?: readonly (string | number)[] | ClusterIndex;
  /** Draws when there are more than 16 non-zero differences. @default 9999 */
  readonly draws?: number;
  /** Of those draws; the same seed gives the same p-value. @default 1 */
  readonly seed?: number;
}

/** One-sided p-values of the sum of the differences. */
export interface SignFlip {
  /** Small when green is worse. */
  readonly worse: number;
  /** Small when green is better. */
  readonly better: number;
  /** Every assignment of signs was counted: no chance in the p-value. */
  readonly exact: boolean;
}

/**
 * The sign-flip (permutation) test of paired differences: if the two bundles could change places without anybody
 * noticing, a p-value of at most p comes up at most p of the time, at any number of cases and for any scores.
 *
 * All 2ⁿ assignments of signs when at most 16 differences (or clusters) are non-zero; else `draws` of them with
 * `p = (1 + as extreme) / (1 + draws)`, which keeps the guarantee. Fisher (1935), The Design of Experiments, §21; Phipson &
 * Smyth (2010), Stat. Appl. Genet. 9:39. Throws `invalid-argument` for no differences and what is no finite number.
 */
export function signFlip({ differences, clusters, draws = 9_999, seed = 1 }: SignFlipOptions): SignFlip {
  requireNumbers("differences", differences);
  requireCount("draws", draws, 1);
  require(Number.isSafeInteger(seed), "seed", `must be a whole number, got ${seed}`);
  const summed = clusters === undefined ? differences : sumsByCluster(differences, 0, clusters);
  let total = 0;
  const found: number[] = [];
  for (let i = 0; i < summed.length; i++) {
    const difference = summed[i] ?? 0;
    total += difference;
    if (difference !== 0) found.push(Math.abs(difference));
  }
  // Smallest first, so that the order of the cases leaves no trace; signs are the test's own.
  const sizes = Float64Array.from(found).sort();
  // Sums that are equal but for rounding are ties.
  const slack = 1e-12 * sizes.reduce((sum, size) => sum + size, 0);
  const extremes = { total, slack, low: 0, high: 0 };
  if (sizes.length <= exactUpTo) {
    const assignments = 2 ** sizes.length;
    countAll(extremes, sizes);
    return { worse: extremes.low / assignments, better: extremes.high / assignments, exact: true };
  }
  const random = randomFrom(seed);
  for (let draw = 0; draw < draws; draw++) count(extremes, flippedSum(sizes, random));
  return { worse: (1 + extremes.low) / (1 + draws), better: (1 + extremes.high) / (1 + draws), exact: false };
}

interface Extremes {
  readonly total: number;
  readonly slack: number;
  low: number;
  high: number;
}

function count(extremes: Extremes, sum: number): void {
  if (sum <= extremes.total + extremes.slack) extremes.low++;
  if (sum >= extremes.total - extremes.slack) extremes.high++;
}

/**
 * Every assignment of signs, as all sums of one half of the sizes beside all sums of the other: as the first rise, the
 * second that still reach a limit fall.
 */
function countAll(extremes: Extremes, sizes: Float64Array): void {
  const { total, slack } = extremes;
  const middle = sizes.length >> 1;
  const [left, right] = [signedSums(sizes.subarray(0, middle)), signedSums(sizes.subarray(middle))];
  let [low, high] = [right.length, right.length];
  for (const sum of left) {
    while (low > 0 && sum + (right[low - 1] ?? 0) > total + slack) low--;
    while (high > 0 && sum + (right[high - 1] ?? 0) >= total - slack) high--;
    extremes.low += low;
    extremes.high += right.length - high;
  }
}

/** The sums of `sizes` under every assignment of signs, in order. */
function signedSums(sizes: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** sizes.length);
  let count = 1;
  for (const size of sizes) {
    for (let i = 0; i < count; i++) {
      const sum = sums[i] ?? 0;
      sums[i] = sum - size;
      sums[count + i] = sum + size;
    }
    count *= 2;
  }
  return sums.sort();
}

/** One draw of signs, 32 from each random number. */
function flippedSum(sizes: Float64Array, random: () => number): number {
  let sum = 0;
  let bits = 0;
  for (let i = 0; i < sizes.length; i++) {
    if (i % 32 === 0) bits = Math.floor(random() * 4_294_967_296);
    const size = sizes[i] ?? 0;
    sum += bits & 1 ? size : -size;
    bits >>>= 1;
  }
  return sum;
}
