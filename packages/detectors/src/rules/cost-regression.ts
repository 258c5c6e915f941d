import type { Signal } from "@verdigris/contracts";
import { type Arms, type Block, isConcurrent } from "../evidence/arms.ts";
import { createHistoryCost } from "../evidence/history-cost.ts";
import { createPairEvidence } from "../evidence/pair-evidence.ts";
import { perBlock } from "../evidence/per-block.ts";
import { type Weight, weigh } from "../evidence/restarts.ts";
import { dearer, dearerAmount } from "../evidence/streams.ts";
import { type Cohort, endedOf } from "../windows/cohort.ts";
import {
  addSpending,
  type Bill,
  billOf,
  costInterval,
  costPerCompleted,
  nothingSpent,
  pricedOf,
  type Spending,
  spendingOf,
} from "../windows/spending.ts";
import { latestWindow, sumOf } from "../windows/window.ts";
import {
  checkRegression,
  type Finding,
  isAsked,
  isReached,
  type Look,
  type RegressionOptions,
  type Rule,
  requireOption,
  signalOf,
} from "./rule.ts";

/** Options of {@link costRegression}. `ratio`: an alarm needs a cost per completed run this many times the baseline's. @default 1.5 */
export interface CostRegressionOptions extends RegressionOptions {
  /** @default 0.005: costs are so uneven that the limit on the window stops little by itself */
  readonly alpha?: number;
  /** The most that a run may cost, where the agent enforces a budget: rare runaways then weigh in full. @default 16 medians */
  readonly maxCost?: number;
}

const runsForDoubling = 100;
/** With more ended runs than this of unknown cost, what is known is no basis. */
const mostUnpriced = 0.05;

/**
 * Alarms when a completed run costs more: all that was spent, on failed and expired runs too, divided by the runs that
 * completed, is more than `ratio` times the baseline's, and matched runs say that this is no chance.
 */
export function costRegression({ maxCost, ...options }: CostRegressionOptions = {}): Rule {
  const settings = checkRegression({ name: "cost-regression", alpha: 0.005, ratio: 1.5, ...options });
  const { name, settleMs, warmUp } = settings;
  requireOption(maxCost === undefined || (maxCost > 0 && maxCost < Infinity), "maxCost", "must be above 0");
  const streams =
    maxCost === undefined
      ? [dearer(settleMs, 0.75), dearerAmount(settleMs, 0.25)]
      : [dearer(settleMs, 0.5), dearerAmount(settleMs, 0.25), dearerAmount(settleMs, 0.25, maxCost)];
  return {
    name,
    judge(cut) {
      const tools: Tools = {
        pairs: createPairEvidence(streams),
        history: createHistoryCost(settleMs),
        totals: createTotals(),
        spending: createSpending(),
      };
      return (look): Signal => {
        const { finding, weight } = findingOf(look, cut(look, warmUp), settings, tools);
        return signalOf({ name, look, baseline: look.baseline, weight }, finding);
      };
    },
  };
}

interface Tools {
  readonly pairs: ReturnType<typeof createPairEvidence>;
  readonly history: ReturnType<typeof createHistoryCost>;
  readonly totals: (arms: Arms) => Totals;
  readonly spending: (arms: Arms) => [Spending, Spending];
}

function findingOf(
  look: Look,
  arms: Arms,
  settings: Required<RegressionOptions>,
  tools: Tools,
): { readonly finding: Finding; readonly weight: Weight | null } {
  const { ratio, least, alpha } = settings;
  const fresh = isConcurrent(look.baseline);
  const past = fresh ? null : tools.history(arms);
  const totals = tools.totals(arms);
  const window = latestWindow(arms.watched, fresh ? arms.reference : null, arms.at, least, pricedOf);
  const value = costPerCompleted(billOf(window.watched.cohorts));
  const reference = costPerCompleted(fresh ? billOf(window.reference.cohorts) : totals.reference);
  const times = timesOf(value, reference);
  const beyond = times !== null && times > Math.max(ratio, past?.swing ?? 1);
  const logE = isAsked(look, beyond) ? (past?.logE() ?? tools.pairs(arms)) : null;
  const weight = logE === null ? null : weigh(logE, look.bakeMs, alpha);
  const isShown = look.alarmsOnly !== true || (beyond && isReached(weight));
  const interval = isShown ? costInterval(...tools.spending(arms)) : null;
  const obstacle = past?.obstacle ?? obstacleOf(totals, value, reference);
  const finding: Finding = {
    value,
    reference,
    ratio: times,
    limit: ratio,
    unit: "cost per completed run",
    n: totals.watched.priced,
    referenceN: totals.reference.priced,
    least,
    planned: runsForDoubling,
    beyond,
    interval,
    within: interval !== null && interval.high <= ratio,
    obstacle,
    words: wordsOf(value, reference, times, ratio),
  };
  return { finding, weight };
}

function timesOf(value: number | null, reference: number | null): number | null {
  return value === null || reference === null || reference === 0 ? null : value / reference;
}

/** What an arm has spent and done since the beginning. */
interface Total extends Bill {
  readonly unpriced: number;
  readonly ended: number;
}

interface Totals {
  readonly watched: Total;
  readonly reference: Total;
}

function totalOf(cohorts: readonly Cohort[]): Total {
  const unpriced = sumOf(cohorts, (cohort) => cohort.unpriced);
  const { ticks, priced } = billOf(cohorts);
  return { ticks, priced, unpriced, ended: sumOf(cohorts, endedOf) };
}

function addTotals(a: Total, b: Total): Total {
  return {
    ticks: a.ticks + b.ticks,
    priced: a.priced + b.priced,
    unpriced: a.unpriced + b.unpriced,
    ended: a.ended + b.ended,
  };
}

const nothing: Total = { ticks: 0, priced: 0, unpriced: 0, ended: 0 };

function createTotals(): Tools["totals"] {
  const both = ({ watched, reference }: Block): Totals => ({
    watched: totalOf(watched),
    reference: totalOf(reference),
  });
  const [ofBlocks, ofPast] = [perBlock(both), perBlock(both)];
  const add = (a: Totals, b: Totals): Totals => ({
    watched: addTotals(a.watched, b.watched),
    reference: addTotals(a.reference, b.reference),
  });
  return ({ blocks, past }) =>
    ofBlocks(blocks).reduce(add, ofPast(past).reduce(add, { watched: nothing, reference: nothing }));
}

function createSpending(): Tools["spending"] {
  const both = ({ watched, reference }: Block) => [spendingOf(watched), spendingOf(reference)] as const;
  const [ofBlocks, ofPast] = [perBlock(both), perBlock(both)];
  return ({ blocks, past }) => {
    const total: [Spending, Spending] = [nothingSpent, nothingSpent];
    for (const [watched, reference] of [...ofPast(past), ...ofBlocks(blocks)]) {
      total[0] = addSpending(total[0], watched);
      total[1] = addSpending(total[1], reference);
    }
    return total;
  };
}

function obstacleOf(
  { watched, reference }: Totals,
  value: number | null,
  other: number | null,
): string | null {
  for (const { unpriced, ended } of [watched, reference])
    if (unpriced > mostUnpriced * ended) return `the cost of ${unpriced} of ${ended} runs is not known`;
  if (value !== null && other === 0) return "the baseline's runs cost nothing: report usage";
  return null;
}

function wordsOf(value: number | null, other: number | null, ratio: number | null, limit: number): string {
  const times = ratio === null ? "no ratio" : `${ratio.toFixed(2)}x`;
  return `cost per completed run ${shown(value)} against ${shown(other)}, ${times} (limit ${limit}x)`;
}

function shown(cost: number | null): string {
  return cost === null ? "nothing" : String(Number(cost.toPrecision(3)));
}
