import {
  bettingInterval,
  clusteredMean,
  type MeanEstimate,
  mcnemar,
  signFlip,
  tangoInterval,
  tInterval,
  tWorse,
  wilsonInterval,
} from "@verdigris/statistics";
import type { EvalCase } from "../eval-set/eval-set.ts";
import type { Bounds } from "../evidence/findings.ts";

/** How cases belong together and what each counts; shared by all metrics on the same cases. */
export interface Frame {
  /** A label per case, or undefined where nobody named clusters. */
  readonly clusters: readonly string[] | undefined;
  /** The stratum of each case and the production share of each stratum; null for equal weights. */
  readonly strata: Strata | null;
}

/** Weights of production: they add up to 1. */
export interface Strata {
  readonly of: readonly number[];
  readonly shares: readonly number[];
}

/** Below this a t interval of means is not to be trusted. */
const fewestClusters = 30;
/** With fewer values that differ from the usual one, neither is their spread. */
const fewestDiffering = 10;

/** The clusters of `cases`. Cases without one are alone; when all are, there are none to account for. */
export function clustersOf(cases: readonly EvalCase[]): readonly string[] | undefined {
  if (cases.every(({ cluster }) => cluster === undefined)) return undefined;
  // Ids and cluster names may be the same text.
  return cases.map(({ id, cluster }) => (cluster === undefined ? `case ${id}` : `cluster ${cluster}`));
}

/**
 * The mean of one value per case with its standard error: the finite-cluster form of `clusteredMean`, and with strata the
 * post-stratified mean `Σ p_h mean_h` with the residuals taken within strata (Cochran 1977, §5A.9), each stretched by
 * `√(n_h / (n_h - 1))` so that a small stratum does not look certain.
 */
export function estimateMean(values: readonly number[], { clusters, strata }: Frame): MeanEstimate {
  if (strata === null) return clusteredMean(clusters === undefined ? { values } : { values, clusters });
  const groups = strata.shares.map(() => ({ n: 0, sum: 0 }));
  for (const [at, value] of values.entries()) {
    const group = groups[strata.of[at] ?? 0];
    if (group === undefined) continue;
    group.n += 1;
    group.sum += value;
  }
  const residuals = values.map((value, at) => {
    const stratum = strata.of[at] ?? 0;
    const { n, sum } = groups[stratum] ?? { n: 1, sum: value };
    const stretch = n > 1 ? Math.sqrt(n / (n - 1)) : 1;
    return (((strata.shares[stratum] ?? 0) * values.length) / n) * stretch * (value - sum / n);
  });
  const spread = clusteredMean(
    clusters === undefined ? { values: residuals } : { values: residuals, clusters },
  );
  const mean = groups.reduce(
    (total, { n, sum }, at) => total + ((strata.shares[at] ?? 0) * sum) / Math.max(n, 1),
    0,
  );
  const degreesOfFreedom = spread.degreesOfFreedom - (groups.length - 1);
  return { ...spread, mean, degreesOfFreedom: Math.max(0, degreesOfFreedom) };
}

/** One value per case, and what is known about it. */
export interface Sample {
  readonly values: readonly number[];
  readonly frame: Frame;
  /** One-sided. */
  readonly alpha: number;
  /** Every score behind the values is one 0 or 1: one repeat of a pass or fail. */
  readonly binary: boolean;
}

/**
 * One-sided bounds of the mean difference, green less blue: Tango's score interval for one pass or fail per case without
 * clusters or weights; the clustered t interval from 30 clusters and 10 differing cases on; the betting interval otherwise,
 * which holds at any size and is wide on little data.
 */
export function differenceBounds(sample: Sample): Bounds {
  const { values, frame, alpha, binary } = sample;
  if (binary && isSimple(frame)) {
    const { gained, lost } = discordant(values);
    return { ...tangoInterval({ gained, lost, n: values.length, alpha }), method: "tango" };
  }
  return meanBounds(sample, 0, [-1, 1]);
}

/** One-sided bounds of a mean score: Wilson for one pass or fail per case, else as {@link differenceBounds}. */
export function scoreBounds(sample: Sample): Bounds {
  const { values, frame, alpha, binary } = sample;
  if (binary && isSimple(frame)) {
    const successes = values.filter((value) => value === 1).length;
    return { ...wilsonInterval({ successes, n: values.length, alpha }), method: "wilson" };
  }
  return meanBounds(sample, 1, [0, 1]);
}

function meanBounds(
  { values, frame, alpha }: Sample,
  usual: number,
  range: readonly [number, number],
): Bounds {
  const estimate = estimateMean(values, frame);
  const [low, high] = range;
  if (isLarge(values, estimate, usual)) {
    const { lower, upper } = tInterval(estimate, { alpha });
    return { lower: Math.max(low, lower), upper: Math.min(high, upper), method: "clustered-t" };
  }
  const { totals, largest } = clusterTotals(values, frame);
  const bounds = bettingInterval({ values: totals, range: [low * largest, high * largest], alpha });
  return { lower: Math.max(low, bounds.lower), upper: Math.min(high, bounds.upper), method: "betting" };
}

/**
 * The one-sided p-value of "the candidate is not worse": mid-p McNemar, the clustered t test, or flipped signs, under the
 * conditions of {@link differenceBounds}.
 */
export function pWorse({ values, frame, binary }: Omit<Sample, "alpha">): number {
  if (binary && isSimple(frame)) {
    const { gained, lost } = discordant(values);
    return gained + lost === 0 ? 1 : mcnemar({ gained, lost }).midPWorse;
  }
  const estimate = estimateMean(values, frame);
  if (isLarge(values, estimate, 0)) return tWorse(estimate);
  return signFlip({ differences: clusterTotals(values, frame).totals }).worse;
}

function isSimple({ clusters, strata }: Frame): boolean {
  return clusters === undefined && strata === null;
}

function isLarge(values: readonly number[], estimate: MeanEstimate, usual: number): boolean {
  if (estimate.clusters < fewestClusters || estimate.degreesOfFreedom < 1) return false;
  let differing = 0;
  for (const value of values) if (value !== usual) differing += 1;
  return differing >= fewestDiffering;
}

/** How many cases only green and only blue passed. */
export function discordant(differences: readonly number[]): {
  readonly gained: number;
  readonly lost: number;
} {
  let [gained, lost] = [0, 0];
  for (const difference of differences) {
    if (difference > 0) gained += 1;
    else if (difference < 0) lost += 1;
  }
  return { gained, lost };
}

/** One value per cluster whose plain mean is the weighted mean of all cases, and what the largest can be. */
function clusterTotals(
  values: readonly number[],
  { clusters, strata }: Frame,
): { readonly totals: readonly number[]; readonly largest: number } {
  const sizes = strata?.shares.map((_, stratum) => strata.of.filter((other) => other === stratum).length);
  const found = new Map<string | number, { total: number; weight: number }>();
  for (const [at, value] of values.entries()) {
    const stratum = strata?.of[at] ?? 0;
    const weight =
      strata === null ? 1 / values.length : (strata.shares[stratum] ?? 0) / (sizes?.[stratum] ?? 1);
    const label = clusters?.[at] ?? at;
    const cluster = found.get(label) ?? { total: 0, weight: 0 };
    cluster.total += weight * value;
    cluster.weight += weight;
    found.set(label, cluster);
  }
  const list = [...found.values()];
  // Rounding must not put a value outside its range.
  const largest = list.length * Math.max(...list.map(({ weight }) => weight)) * (1 + 1e-12);
  return { totals: list.map(({ total }) => total * list.length), largest };
}
