import {
  bettingInterval,
  casesNeeded,
  confirmableMargin,
  normalQuantile,
  tQuantile,
} from "@verdigris/statistics";
import type { Bounds, GatePlan, Lever } from "../evidence/findings.ts";
import type { MetricScores } from "./comparison.ts";
import { clusterTotals, discordant, fewestClusters, fewestDiffering, type Sample } from "./estimate.ts";
import { type Spread, spreadOf } from "./spread.ts";

/** What a plan is made from. */
export interface PlanFacts {
  readonly blue: MetricScores;
  readonly green: MetricScores;
  /** Green less blue. */
  readonly sample: Sample;
  readonly interval: Bounds;
  readonly margin: number;
  readonly alpha: number;
  readonly power: number;
  /** Mean cost of one run; null where it is not known. */
  readonly runCost: number | null;
}

const mostRepeats = 20;

/** What margin a set of this size can confirm on an identical bundle, and what each way to a decision costs. */
export function planOf(facts: PlanFacts): GatePlan {
  const { sample, interval, blue, green } = facts;
  const spread = spreadOf(blue, green, sample);
  if (interval.method === "betting") return planOfFew(facts, spread);
  return spread === null ? planOfTies(facts) : planOfSpread(facts, spread);
}

function isDecided({ interval, margin }: PlanFacts): boolean {
  return interval.lower > -margin || interval.upper < 0;
}

function repeatsOf({ scores, means }: MetricScores): number {
  return Math.round(scores.length / means.length);
}

function planOfSpread(facts: PlanFacts, spread: Spread): GatePlan {
  const { sample, margin, alpha, power, blue } = facts;
  const n = sample.values.length;
  const repeats = repeatsOf(blue);
  const wider = widening(facts);
  const variance = (spread.at(repeats) ?? spread.now) * wider;
  const confirms = confirmableMargin({ variance, n, alpha, power });
  const plan = { confirms, power, lacks: null };
  if (isDecided(facts)) return { ...plan, levers: [] };
  const levers: Lever[] = [{ lever: "margin", value: confirms, runs: 0, cost: 0 }];
  const cases = casesNeeded({ variance, margin, alpha, power });
  if (cases > n) levers.push(priced("cases", cases, (cases - n) * repeats * 2, facts));
  for (let more = repeats + 1; more <= mostRepeats; more += 1) {
    const then = spread.at(more);
    if (then === null) break;
    if (confirmableMargin({ variance: then * wider, n, alpha, power }) > margin) continue;
    levers.push(priced("repeats", more, (more - repeats) * n * 2, facts));
    break;
  }
  return { ...plan, levers };
}

/** What Student's quantiles add to a plan made with normal ones, as a factor on the variance. */
function widening({ sample, interval, alpha, power }: PlanFacts): number {
  if (interval.method !== "clustered-t") return 1;
  const { degreesOfFreedom } = sample.estimate;
  const students = tQuantile(power, degreesOfFreedom) - tQuantile(alpha, degreesOfFreedom);
  return (students / (normalQuantile(power) - normalQuantile(alpha))) ** 2;
}

/**
 * Where the bundles agree on every case, Tango's lower bound is `-z² / (n + z²)`: that is the margin such a set confirms,
 * and `z² (1 - m) / m` cases in agreement confirm `m`.
 */
function planOfTies(facts: PlanFacts): GatePlan {
  const { sample, margin, alpha, power } = facts;
  const square = normalQuantile(alpha) ** 2;
  const n = sample.values.length;
  const confirms = square / (n + square);
  const plan = { confirms, power, lacks: null };
  if (isDecided(facts)) return { ...plan, levers: [] };
  const cases = Math.floor((square * (1 - margin)) / margin) + 1;
  const levers = [priced("margin", confirms, 0, { runCost: 0 })];
  if (cases > n) levers.push(priced("cases", cases, (cases - n) * 2, facts));
  return { ...plan, levers };
}

/**
 * On few clusters, or few cases that changed, the bound is the betting one: it confirms what it would say of this set with
 * its mean at 0, and the chance of that mean taken into account. The way out is a set on which the t interval may be used.
 */
function planOfFew(facts: PlanFacts, spread: Spread | null): GatePlan {
  const { sample, margin, alpha, power, blue } = facts;
  const { values, frame, estimate } = sample;
  const n = values.length;
  const { totals, largest } = clusterTotals(values, frame);
  const centred = totals.map((total) => Math.max(-largest, Math.min(largest, total - estimate.mean)));
  const width = -bettingInterval({ values: centred, range: [-largest, largest], alpha }).lower;
  const confirms = Math.min(1, width + normalQuantile(power) * estimate.standardError);
  const { gained, lost } = discordant(values);
  const differing = gained + lost;
  const lacks = estimate.clusters < fewestClusters ? "clusters" : differing === 0 ? null : "changes";
  const plan = { confirms, power, lacks } as const;
  if (isDecided(facts)) return { ...plan, levers: [] };
  const levers: Lever[] = [{ lever: "margin", value: confirms, runs: 0, cost: 0 }];
  const times =
    differing === 0
      ? timesInAgreement(totals.length, largest, facts)
      : Math.max(fewestClusters / estimate.clusters, fewestDiffering / differing);
  const known =
    differing === 0 || spread === null ? 0 : casesNeeded({ variance: spread.now, margin, alpha, power });
  const cases = Math.max(Math.ceil(times * n), known);
  if (cases > n) levers.push(priced("cases", cases, (cases - n) * repeatsOf(blue) * 2, facts));
  return { ...plan, levers };
}

/** How many times as many clusters in agreement as these confirm the margin; the bound narrows with every one. */
function timesInAgreement(clusters: number, largest: number, { margin, alpha }: PlanFacts): number {
  const confirms = (count: number): boolean => {
    const values = new Array<number>(count).fill(0);
    return bettingInterval({ values, range: [-largest, largest], alpha }).lower > -margin;
  };
  let [few, enough] = [0, clusters];
  while (!confirms(enough)) [few, enough] = [enough, enough * 2];
  while (enough - few > 1) {
    const middle = few + Math.floor((enough - few) / 2);
    if (confirms(middle)) enough = middle;
    else few = middle;
  }
  return enough / clusters;
}

function priced(
  lever: Lever["lever"],
  value: number,
  runs: number,
  { runCost }: Pick<PlanFacts, "runCost">,
): Lever {
  return { lever, value, runs, cost: runCost === null ? null : runs * runCost };
}
