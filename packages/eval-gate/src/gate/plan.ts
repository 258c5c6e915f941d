import {
  casesNeeded,
  confirmableMargin,
  normalQuantile,
  varianceAt,
  varianceParts,
} from "@verdigris/statistics";
import type { GatePlan, Lever } from "../evidence/findings.ts";
import type { MetricScores } from "./comparison.ts";
import { mean } from "./comparison.ts";

/** What a plan is made from. */
export interface PlanFacts {
  readonly blue: MetricScores;
  readonly green: MetricScores;
  readonly differences: readonly number[];
  /** Of the mean difference, clusters and weights included. */
  readonly standardError: number;
  readonly margin: number;
  readonly alpha: number;
  readonly power: number;
  readonly decided: boolean;
  /** One pass or fail per case, without clusters or weights. */
  readonly simple: boolean;
  /** Mean cost of one run; null where it is not known. */
  readonly runCost: number | null;
}

const mostRepeats = 20;

/**
 * What margin a set of this size can confirm on an identical bundle, and what each way to a decision costs. The variance
 * per case is that of `varianceParts` (Miller 2024) times the design effect: what clusters and weights add to it.
 */
export function planOf(facts: PlanFacts): GatePlan {
  const { differences, margin, alpha, power, decided, blue } = facts;
  const n = differences.length;
  const spread = spreadOf(facts);
  if (spread === null) return facts.simple ? planOfTies(facts) : { confirms: null, power, levers: [] };
  const repeats = Math.round(mean(blue.repeats.map((scores) => scores.length)));
  const variance = spread.at(repeats) ?? spread.now;
  const confirms = confirmableMargin({ variance, n, alpha, power });
  if (decided) return { confirms, power, levers: [] };
  const levers: Lever[] = [{ lever: "margin", value: confirms, runs: 0, cost: 0 }];
  const cases = casesNeeded({ variance, margin, alpha, power });
  if (cases > n) levers.push(priced("cases", cases, (cases - n) * repeats * 2, facts));
  for (let more = repeats + 1; more <= mostRepeats; more += 1) {
    const then = spread.at(more);
    if (then === null) break;
    if (confirmableMargin({ variance: then, n, alpha, power }) > margin) continue;
    levers.push(priced("repeats", more, (more - repeats) * n * 2, facts));
    break;
  }
  return { confirms, power, levers };
}

/**
 * Where the bundles agree on every case, Tango's lower bound is `-z² / (n + z²)`: that is the margin such a set confirms,
 * and `z² (1 - m) / m` cases in agreement confirm `m`.
 */
function planOfTies(facts: PlanFacts): GatePlan {
  const { differences, margin, alpha, power, decided } = facts;
  const square = normalQuantile(alpha) ** 2;
  const n = differences.length;
  const confirms = square / (n + square);
  if (decided) return { confirms, power, levers: [] };
  const cases = Math.floor((square * (1 - margin)) / margin) + 1;
  const levers = [priced("margin", confirms, 0, { ...facts, runCost: 0 })];
  if (cases > n) levers.push(priced("cases", cases, (cases - n) * 2, facts));
  return { confirms, power, levers };
}

function priced(lever: Lever["lever"], value: number, runs: number, { runCost }: PlanFacts): Lever {
  return { lever, value, runs, cost: runCost === null ? null : runs * runCost };
}

interface Spread {
  readonly now: number;
  /** At so many repeats; null where runs of one bundle were never compared with each other. */
  at(repeats: number): number | null;
}

function spreadOf({ blue, green, differences, standardError }: PlanFacts): Spread | null {
  const n = differences.length;
  if (n < 2) return null;
  const centre = mean(differences);
  const plain = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1);
  const effect = plain > 0 && standardError > 0 ? (standardError ** 2 * n) / plain : 1;
  const repeated = blue.repeats.every((scores) => scores.length > 1);
  if (!repeated) {
    // Around no difference: one pass or fail each gives the share of cases on which the bundles disagree.
    const now = effect * mean(differences.map((value) => value ** 2));
    return now > 0 ? { now, at: () => null } : null;
  }
  const cases = blue.repeats.map((scores, at) => ({ blue: scores, green: green.repeats[at] ?? scores }));
  const parts = varianceParts(cases);
  const now = effect * plain;
  if (parts.between === 0 && parts.within === 0) return null;
  return { now, at: (repeats) => effect * varianceAt(parts, repeats) };
}
