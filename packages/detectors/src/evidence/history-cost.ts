import { addBets, type BetSums, costBets, logEOfBets } from "@verdigris/statistics";
import { type Cohort, cohortMs, openOf } from "../windows/cohort.ts";
import { countOf, type Histogram, mergeInto, middleOf } from "../windows/histogram.ts";
import { errorOf, type Spending, spendingOf } from "../windows/spending.ts";
import type { Arms, Block } from "./arms.ts";
import { createPast, type PastBlock } from "./past.ts";
import { fromEachBlock } from "./per-block.ts";

/** Cost per completed run against blue's before the switch. */
export interface HistoryCost {
  readonly logE: readonly number[];
  /** How many times its usual cost blue's worst ten minutes took, beyond chance. */
  readonly swing: number;
  readonly obstacle: string | null;
}

const winsor = 16;
const leastBlocks = 6;
const leastRuns = 100;

interface Standard {
  /** No run counts with more. */
  readonly cap: number;
  /** What a completed run may cost: on the safe side. */
  readonly price: number;
  readonly swing: number;
  readonly obstacle: string | null;
}

/**
 * Creates evidence against "a completed run costs no more than it did on blue before the switch": blue's cost from the safe side,
 * three standard errors and its own worst ten minutes above its mean, and bets on every run's spending beyond that.
 */
export function createHistoryCost(
  settleMs: number,
): (arms: Arms, reference: readonly Cohort[]) => HistoryCost {
  const cutPast = createPast();
  let known: { readonly blocks: readonly PastBlock[]; readonly standard: Standard } | null = null;
  return (arms, reference) => {
    const blocks = cutPast(reference, arms.since);
    if (known?.blocks !== blocks) known = { blocks, standard: standardOf(blocks) };
    const { standard } = known;
    const { swing, obstacle } = standard;
    if (obstacle !== null) return { logE: arms.blocks.map(() => 0), swing, obstacle };
    const sums = arms.blocks.map((block) => betsOn(block, arms.at, standard, settleMs));
    const none: BetSums = costBets.map(() => 0);
    const add = (a: BetSums, b: BetSums): BetSums => a.map((sum, k) => sum + (b[k] ?? 0));
    return { logE: fromEachBlock(sums, none, add, logEOfBets), swing, obstacle };
  };
}

function standardOf(past: readonly PastBlock[]): Standard {
  const all = past.flatMap(({ cohorts }) => cohorts);
  const cap = winsor * medianOf(all);
  const total = spendingOf(all, cap);
  if (past.length < leastBlocks || total.completed < leastRuns || !(cap > 0)) {
    const obstacle = `the baseline has ${past.length} ten-minute windows with ${total.completed} priced runs before the switch, and ${leastBlocks} with ${leastRuns} are needed`;
    return { cap, price: 0, swing: 1, obstacle };
  }
  const usual = total.sum / total.completed;
  const swing = Math.max(1, ...past.map(({ cohorts }) => lowEnd(spendingOf(cohorts, cap)) / usual));
  return {
    cap,
    price: (usual + (3 * errorOf(total) * total.runs) / total.completed) * swing,
    swing,
    obstacle: null,
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

function betsOn({ watched }: Block, at: number, { cap, price }: Standard, settleMs: number): BetSums {
  const total: BetSums = costBets.map(() => 0);
  const scale = Math.max(cap, price);
  const bet = (histogram: Histogram, completed: 0 | 1): void => {
    for (const [bucket, count] of histogram) {
      const once: BetSums = costBets.map(() => 0);
      addBets(once, (Math.min(cap, middleOf(bucket)) - price * completed) / scale, costBets);
      once.forEach((sum, k) => {
        total[k] = (total[k] ?? 0) + sum * count;
      });
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
