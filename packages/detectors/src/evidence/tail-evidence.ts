import type { Signal } from "@verdigris/contracts";
import { fastTailGrid, slowTailGrid, wilsonInterval } from "@verdigris/statistics";
import { middleOf, upperEnd } from "../windows/histogram.ts";
import { type Arms, type Block, restartMs } from "./arms.ts";
import {
  addExceedances,
  countBlock,
  type Exceedances,
  emptyExceedances,
  firstBucket,
  passed,
  passedIn,
  place,
  width,
} from "./exceedances.ts";

/** Of the 95th percentile. */
const exceedance = 0.05;

interface Grid {
  /** Logarithm of what a hit and a miss are worth, for every alternative. */
  readonly hit: readonly number[];
  readonly miss: readonly number[];
}

function gridOf(alternatives: readonly number[]): Grid {
  return {
    hit: alternatives.map((u) => Math.log(u / exceedance)),
    miss: alternatives.map((u) => Math.log1p(-u) - Math.log1p(-exceedance)),
  };
}

const slow = gridOf(slowTailGrid);
const fast = gridOf(fastTailGrid);

/** The largest term of a mixture: with `ln` of the number of terms taken off, a lower bound of it. */
function largest({ hit, miss }: Grid, hits: number, misses: number): number {
  let most = -Infinity;
  for (let k = 0; k < hit.length; k++) {
    const term = hits * (hit[k] ?? 0) + misses * (miss[k] ?? 0);
    if (term > most) most = term;
  }
  return most;
}

function mixture({ hit, miss }: Grid, hits: number, misses: number, most: number): number {
  let sum = 0;
  for (let k = 0; k < hit.length; k++) sum += Math.exp(hits * (hit[k] ?? 0) + misses * (miss[k] ?? 0) - most);
  return most + Math.log(sum / hit.length);
}

const slack = Math.log(slow.hit.length) + Math.log(fast.hit.length);

/**
 * `ln E` against "the watched p95 is at most that of the reference": the smallest over all thresholds. Ranges of thresholds that
 * cannot hold it are passed over by a bound, since counts only fall from one threshold to the next: the sooner a small one is
 * known, the more of them, so the search begins at `guess`.
 */
function smallest(
  [watched, reference]: readonly [Exceedances, Exceedances],
  lowest: number,
  highest: number,
  guess: number,
): { readonly logE: number; readonly at: number } {
  let [least, leastAt] = [Infinity, guess];
  // Safe inside a bucket: the watched runs above its upper end, those of the reference above its lower end.
  const slowHits = (i: number): number => watched.above[i + 1] ?? 0;
  const slowN = (i: number): number => watched.asked[i + 1] ?? 0;
  const fastHits = (i: number): number => reference.above[i] ?? 0;
  const fastN = (i: number): number => reference.asked[i] ?? 0;
  const look = (i: number): void => {
    const [sh, sn, fh, fn] = [slowHits(i), slowN(i), fastHits(i), fastN(i)];
    const slowMost = largest(slow, sh, sn - sh);
    const fastMost = largest(fast, fh, fn - fh);
    // Most thresholds cannot be the smallest, and the exponentials are what costs.
    if (slowMost + fastMost - slack >= least) return;
    const logE = mixture(slow, sh, sn - sh, slowMost) + mixture(fast, fh, fn - fh, fastMost);
    if (logE < least) [least, leastAt] = [logE, i];
  };
  const search = (a: number, b: number): void => {
    if (a > b) return;
    const fewest = largest(slow, slowHits(b), slowN(a) - slowHits(b));
    const bound = fewest + largest(fast, fastHits(a), Math.max(0, fastN(b) - fastHits(a))) - slack;
    if (bound >= least) return;
    const middle = (a + b) >> 1;
    look(middle);
    search(a, middle - 1);
    search(middle + 1, b);
  };
  if (guess >= lowest && guess <= highest) look(guess);
  search(lowest, highest);
  return { logE: least === Infinity ? 0 : least, at: leastAt };
}

/** What the tails of both arms say. */
interface Tails {
  /** `ln E` against "green's p95 is at most blue's", per block: of the runs that started in it and in all after it. */
  readonly logE: readonly number[];
  /** An interval of the ratio of both p95 since the beginning; null where one has no end. */
  readonly interval: Signal["interval"];
}

/** Judges the tails of both arms. */
export interface TailEvidence {
  of(arms: Arms): Tails;
  /** No less than `logE` would be, for a few of its operations: the evidence at one threshold, the best where arms differ. */
  atMost(arms: Arms, threshold: number): readonly number[];
}

/** What is known of a block whose content has not changed. */
interface Known {
  readonly block: Block;
  /** Where the thresholds of interest lie: from just below the shortest run to the longest. */
  readonly lowest: number;
  readonly highest: number;
  /** Its counts per arm, once nothing in them can change any more. */
  final: readonly [Exceedances, Exceedances] | null;
}

function know(block: Block): Known {
  let [lowest, highest] = [width, 0];
  for (const arm of [block.watched, block.reference])
    for (const { latency } of arm)
      for (const bucket of latency.keys()) {
        const index = place(bucket);
        if (index < lowest) lowest = index;
        if (index > highest) highest = index;
      }
  return { block, lowest: Math.max(0, lowest - 2), highest, final: null };
}

/** True when every run has ended, and the youngest has had time to pass every threshold. */
function isFinal({ block }: Known, at: number, highest: number): boolean {
  return block.open === 0 && at - block.begin - restartMs >= upperEnd(highest + 1 + firstBucket);
}

function finalOf(known: Known): readonly [Exceedances, Exceedances] {
  const { watched, reference } = known.block;
  known.final ??= [countBlock(watched, Infinity, width - 2), countBlock(reference, Infinity, width - 2)];
  return known.final;
}

function countsOf(known: Known, at: number, highest: number): readonly [Exceedances, Exceedances] {
  const { watched, reference } = known.block;
  if (isFinal(known, at, highest)) return finalOf(known);
  return [countBlock(watched, at, highest), countBlock(reference, at, highest)];
}

/**
 * Creates the evidence of tails: one-sided, composite form of Howard & Ramdas (2022), Bernoulli 28:1704, as `logETailRatio` of
 * `@verdigris/statistics`, with the runs of each threshold counted apart.
 */
export function createTailEvidence(): TailEvidence {
  let memory: Known[] = [];
  const remember = (blocks: readonly Block[]): number => {
    memory = blocks.map((block, i) => {
      const before = memory[i];
      return before?.block === block ? before : know(block);
    });
    return Math.max(0, ...memory.map((known) => known.highest));
  };
  return {
    of({ blocks, at }) {
      const highest = remember(blocks);
      const lowest = Math.min(...memory.map((known) => known.lowest));
      const running = [emptyExceedances(highest + 2), emptyExceedances(highest + 2)] as const;
      const logE = new Array<number>(blocks.length).fill(0);
      let [guess, from] = [0, Infinity];
      for (let i = blocks.length - 1; i >= 0; i--) {
        const known = memory[i] as Known;
        const counts = countsOf(known, at, highest);
        from = Math.min(from, known.lowest);
        addExceedances(running[0], counts[0], lowest, highest + 1);
        addExceedances(running[1], counts[1], lowest, highest + 1);
        const found = smallest(running, from, highest, guess);
        guess = found.at;
        logE[i] = found.logE;
      }
      return { logE, interval: intervalOf(running[0], running[1]) };
    },
    atMost({ blocks, at }, threshold) {
      const highest = remember(blocks);
      const x = Math.min(place(threshold), highest);
      const logE = new Array<number>(blocks.length).fill(0);
      let [slowN, slowHits, fastN, fastHits, from] = [0, 0, 0, 0, Infinity];
      for (let i = blocks.length - 1; i >= 0; i--) {
        const known = memory[i] as Known;
        const final = isFinal(known, at, highest) ? finalOf(known) : null;
        const watched = final === null ? passedIn(known.block.watched, at, x + 1) : passed(final[0], x + 1);
        const reference = final === null ? passedIn(known.block.reference, at, x) : passed(final[1], x);
        slowN += watched[0];
        slowHits += watched[1];
        fastN += reference[0];
        fastHits += reference[1];
        from = Math.min(from, known.lowest);
        // Below every run a threshold is not among those of which the smallest counts.
        logE[i] = x < from ? Infinity : evidenceAt(slowHits, slowN, fastHits, fastN);
      }
      return logE;
    },
  };
}

function evidenceAt(slowHits: number, slowN: number, fastHits: number, fastN: number): number {
  const slowMost = largest(slow, slowHits, slowN - slowHits);
  const fastMost = largest(fast, fastHits, fastN - fastHits);
  return (
    mixture(slow, slowHits, slowN - slowHits, slowMost) + mixture(fast, fastHits, fastN - fastHits, fastMost)
  );
}

/** How often each of the four bounds may miss: 95 % for the interval. */
const miss = 0.0125;

/**
 * An interval of the ratio of both p95, from order statistics (no shape is assumed): at least 95 % at one moment. For people and
 * for `clear`; an alarm rests on evidence that may be looked at all the time.
 */
function intervalOf(watched: Exceedances, reference: Exceedances): Signal["interval"] {
  const left = boundsOf(watched);
  const right = boundsOf(reference);
  if (left === null || right === null) return null;
  const ratio = (a: number, b: number): number => middleOf(a + firstBucket) / middleOf(b + firstBucket);
  return { low: ratio(left.low, right.high), high: ratio(left.high, right.low), confidence: 0.95 };
}

/** The buckets between which an arm's p95 lies; null where too few runs tell. */
function boundsOf({ above, asked }: Exceedances): { readonly low: number; readonly high: number } | null {
  const n = asked[0] ?? 0;
  if (n === 0) return null;
  const share = wilsonInterval({ successes: Math.round(exceedance * n), n, alpha: miss });
  let high = above.length - 1;
  if (Math.floor(share.lower * n) === 0 || (asked[high] ?? 0) === 0) return null;
  while (high > 0 && (above[high - 1] ?? 0) <= share.lower * (asked[high - 1] ?? 0)) high--;
  let low = high;
  while (low > 0 && (above[low - 1] ?? 0) <= share.upper * (asked[low - 1] ?? 0)) low--;
  return { low, high };
}
