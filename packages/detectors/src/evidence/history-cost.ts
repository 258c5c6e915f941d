import { addBets, type BetSums, costBets, logEOfBets } from "@verdigris/statistics";
import { type Cohort, cohortMs, openOf } from "../windows/cohort.ts";
import { countOf, type Histogram, mergeInto, middleOf } from "../windows/histogram.ts";
import { errorOf, type Spending, spendingOf } from "../windows/spending.ts";
import { type Arms, type Block, restartMs } from "./arms.ts";
import { ofPast } from "./past.ts";
import { createFinals, fromEachBlock } from "./per-block.ts";

/** Cost per completed run against blue's before the switch. */
export interface HistoryCost {
  /** How many times its usual cost blue's worst ten minutes took, beyond chance. */
  readonly swing: number;
  readonly obstacle: string | null;
  /** Per block, the evidence of it and all after it. */
  logE(): readonly number[];
}

const winsor = 16;
const leastBlocks = 6;
const leastRuns = 100;

interface Standard {
  readonly swing: number;
  readonly obstacle: string | null;
  /** Evidence of one run that cost as much as its bucket says. */
  readonly betOn: (bucket: number, completed: 0 | 1) => BetSums;
}

/**
 * Creates evidence against "a completed run costs no more than it did on blue before the switch": blue's cost from the safe side,
 * three standard errors and its own worst ten minutes above its mean, and bets on every run's spending beyond that.
 */
export function createHistoryCost(settleMs: number): (arms: Arms) => HistoryCost {
  const standardFor = ofPast(standardOf);
  const finals = createFinals<Standard, BetSums>();
  const none: BetSums = costBets.map(() => 0);
  const add = (a: BetSums, b: BetSums): BetSums => a.map((sum, k) => sum + (b[k] ?? 0));
  return ({ past, blocks, at }) => {
    const standard = standardFor(past);
    const { swing, obstacle } = standard;
    const betsOf = (block: Block, place: number): BetSums => {
      const isFinal = block.open === 0 && at >= block.begin + restartMs;
      return finals(place, block, standard, isFinal, () => betsOn(block, at, standard, settleMs));
    };
    const logE = (): readonly number[] =>
      obstacle === null
        ? fromEachBlock(blocks.map(betsOf), none, add, logEOfBets)
        : new Array<number>(blocks.length).fill(0);
    return { swing, obstacle, logE };
  };
}

function standardOf(past: readonly Block[]): Standard {
  const all = past.flatMap(({ reference }) => reference);
  const cap = winsor * medianOf(all);
  const total = spendingOf(all, cap);
  if (past.length < leastBlocks || total.completed < leastRuns || !(cap > 0)) {
    const obstacle = `the baseline has ${past.length} ten-minute windows with ${total.completed} priced runs before the switch, and ${leastBlocks} with ${leastRuns} are needed`;
    return { swing: 1, obstacle, betOn: () => costBets.map(() => 0) };
  }
  const usual = total.sum / total.completed;
  const swing = Math.max(1, ...past.map(({ reference }) => lowEnd(spendingOf(reference, cap)) / usual));
  const price = (usual + (3 * errorOf(total) * total.runs) / total.completed) * swing;
  return { swing, obstacle: null, betOn: betsAgainst(price, cap) };
}

/** What a completed run may cost, on the safe side, and the most that any counts with. */
function betsAgainst(price: number, cap: number): Standard["betOn"] {
  const scale = Math.max(cap, price);
  const known = new Map<number, BetSums>();
  return (bucket, completed) => {
    const key = 2 * bucket + completed;
    let sums = known.get(key);
    if (sums === undefined) {
      sums = costBets.map(() => 0);
      addBets(sums, (Math.min(cap, middleOf(bucket)) - price * completed) / scale, costBets);
      known.set(key, sums);
    }
    return sums;
  };
}

function medianOf(cohorts: readonly Cohort[]): number {
  const all: Histogram = new Map();
  for (const { cost, waste } of cohorts) {
    mergeInto(all, cost);
    mergeInto(all, waste);
  }
  const half = countOf(all) / 2;
  let seen = 0;
  for (const [bucket, count] of [...all].sort(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= half) return middleOf(bucket);
  }
  return 0;
}

/** Cost per completed run, two standard errors down: what is beyond chance. */
function lowEnd(spending: Spending): number {
  if (spending.completed < 20) return 0;
  return (spending.sum - 2 * errorOf(spending) * spending.runs) / spending.completed;
}

function betsOn({ watched }: Block, at: number, { betOn }: Standard, settleMs: number): BetSums {
  const total: BetSums = costBets.map(() => 0);
  const bet = (histogram: Histogram, completed: 0 | 1): void => {
    for (const [bucket, count] of histogram) {
      const once = betOn(bucket, completed);
      for (let k = 0; k < total.length; k++) total[k] = (total[k] ?? 0) + (once[k] ?? 0) * count;
    }
  };
  for (const cohort of watched) {
    const over = at - cohort.at - cohortMs;
    if (over < 0 || (openOf(cohort) > 0 && over < settleMs)) continue;
    bet(cohort.cost, 1);
    bet(cohort.waste, 0);
  }
  return total;
}
