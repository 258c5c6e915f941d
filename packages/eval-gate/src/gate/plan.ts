import {
  casesNeeded,
  confirmableMargin,
  normalQuantile,
  varianceAt,
  varianceParts,
} from "@verdigris/statistics";
import type { GatePlan, Lever } from "../evidence/findings.ts";
import { isRepeated, type MetricScores } from "./comparison.ts";

/** What a plan is made from. */
export interface PlanFacts {
  readonly blue: MetricScores;
  readonly green: MetricScores;
  readonly differences: Float64Array;
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
  const repeats = Math.round(blue.scores.length / n);
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
  let [sum, squares, around] = [0, 0, 0];
  for (let at = 0; at < n; at++) sum += differences[at] ?? 0;
  const centre = sum / n;
  for (let at = 0; at < n; at++) {
    const value = differences[at] ?? 0;
    squares += (value - centre) ** 2;
    around += value ** 2;
  }
  const plain = squares / (n - 1);
  const effect = plain > 0 && standardError > 0 ? (standardError ** 2 * n) / plain : 1;
  if (!isRepeated(blue)) {
    // Around no difference: one pass or fail each gives the share of cases on which the bundles disagree.
    const now = effect * (around / n);
    return now > 0 ? { now, at: () => null } : null;
  }
  const parts = varianceParts({ blue, green });
  const now = effect * plain;
  if (parts.between === 0 && parts.within === 0) return null;
  return { now, at: (repeats) => effect * varianceAt(parts, repeats) };
}
