import type { Signal } from "@verdigris/contracts";
import { type Arms, createArms } from "../evidence/arms.ts";
import { createHistoryCost } from "../evidence/history-cost.ts";
import { createPairEvidence } from "../evidence/pair-evidence.ts";
import { weigh } from "../evidence/restarts.ts";
import { createRunningTotal } from "../evidence/running-total.ts";
import { dearer, dearerAmount } from "../evidence/streams.ts";
import { type Cohort, endedOf } from "../windows/cohort.ts";
import { countOf } from "../windows/histogram.ts";
import { addSpending, costInterval, nothingSpent, type Spending, spendingOf } from "../windows/spending.ts";
import { costPerCompleted, latestWindow, sumOf } from "../windows/window.ts";
import {
  checkRegression,
  type Finding,
  isAsked,
  isConcurrent,
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
    judge() {
      const tools: Tools = {
        cut: createArms(warmUp),
        pairs: createPairEvidence(streams),
        history: createHistoryCost(settleMs),
        all: createAllSpending(),
      };
      return (look): Signal => signalOf(name, look, findingOf(look, settings, tools));
    },
  };
}

interface Tools {
  readonly cut: ReturnType<typeof createArms>;
  readonly pairs: ReturnType<typeof createPairEvidence>;
  readonly history: ReturnType<typeof createHistoryCost>;
  readonly all: ReturnType<typeof createAllSpending>;
}

function findingOf(look: Look, settings: Required<RegressionOptions>, tools: Tools): Finding {
  const { ratio, least, alpha } = settings;
  const fresh = isConcurrent(look.baseline);
  const arms = tools.cut(fresh ? look : { ...look, reference: [] });
  const past = fresh ? null : tools.history(arms, look.reference);
  const other = fresh ? arms.reference : look.reference;
  const window = latestWindow(arms.watched, fresh ? other : null, arms.at, least, pricedOf);
  const value = costPerCompleted(window.watched.cohorts);
  const reference = costPerCompleted(fresh ? window.reference.cohorts : other);
  const times = timesOf(value, reference);
  const beyond = times !== null && times > Math.max(ratio, past?.swing ?? 1);
  const asked = isAsked(look, beyond);
  const [spent, otherSpent] = asked ? tools.all(arms.blocks) : [nothingSpent, nothingSpent];
  const interval = costInterval(spent, fresh ? otherSpent : spendingOf(other));
  const obstacle = past?.obstacle ?? obstacleOf(arms.watched, other, value, reference);
  return {
    ...describe(value, reference, times, ratio),
    ...{ n: sumOf(arms.watched, pricedOf), referenceN: sumOf(other, pricedOf), least },
    ...{ planned: runsForDoubling, interval },
    weight: asked ? weigh(past?.logE ?? tools.pairs(arms), look.bakeMs, alpha) : null,
    beyond,
    within: interval !== null && interval.high <= ratio,
    ...(obstacle === null ? {} : { obstacle }),
  };
}

function timesOf(value: number | null, reference: number | null): number | null {
  return value === null || reference === null || reference === 0 ? null : value / reference;
}

/** Completed runs with a known cost. */
function pricedOf({ cost }: Cohort): number {
  return cost.size === 0 ? 0 : countOf(cost);
}

function createAllSpending(): (blocks: Arms["blocks"]) => [Spending, Spending] {
  return createRunningTotal<[Spending, Spending]>({
    empty: () => [nothingSpent, nothingSpent],
    copy: ([a, b]) => [a, b],
    add: (total, { watched, reference }) => {
      total[0] = addSpending(total[0], spendingOf(watched));
      total[1] = addSpending(total[1], spendingOf(reference));
    },
  });
}

function obstacleOf(
  watched: readonly Cohort[],
  reference: readonly Cohort[],
  value: number | null,
  other: number | null,
): string | null {
  for (const arm of [watched, reference]) {
    const unpriced = sumOf(arm, (cohort) => cohort.unpriced);
    if (unpriced === 0) continue;
    const ended = sumOf(arm, endedOf);
    if (unpriced > mostUnpriced * ended) return `the cost of ${unpriced} of ${ended} runs is not known`;
  }
  if (value !== null && other === 0) return "the baseline's runs cost nothing: report usage";
  return null;
}

type Described = Pick<Finding, "value" | "reference" | "ratio" | "limit" | "unit" | "words">;

function describe(
  value: number | null,
  reference: number | null,
  ratio: number | null,
  limit: number,
): Described {
  const shown = (cost: number | null): string =>
    cost === null ? "nothing" : String(Number(cost.toPrecision(3)));
  const words = `cost per completed run ${shown(value)} against ${shown(reference)}, ${ratio === null ? "no ratio" : `${ratio.toFixed(2)}x`} (limit ${limit}x)`;
  return { value, reference, ratio, limit, unit: "cost per completed run", words };
}
