import {
  bettingInterval,
  type ClusterIndex,
  clusteredMean,
  type MeanEstimate,
  mcnemar,
  signFlip,
  tangoInterval,
  tInterval,
  tWorse,
  wilsonInterval,
} from "@verdigris/statistics";
import type { Bounds } from "../evidence/findings.ts";

/** How cases belong together and what each counts; shared by all metrics on the same cases. */
export interface Frame {
  /** Undefined where nobody named clusters. */
  readonly clusters: ClusterIndex | undefined;
  /** The stratum of each case and the production share of each stratum; null for equal weights. */
  readonly strata: Strata | null;
}

/** Weights of production: they add up to 1. */
export interface Strata {
  readonly of: ArrayLike<number>;
  readonly shares: readonly number[];
}

/** Every case by itself, all the same. */
export const plainFrame: Frame = { clusters: undefined, strata: null };

/** Below this a t interval of means is not to be trusted: simulated error rates hold from here on. */
export const fewestClusters = 10;
/** With fewer values that differ from the usual one, neither is their spread. */
export const fewestDiffering = 10;

/** The mean that {@link estimateMean} estimates, where nobody asks how well it is known. */
export function meanOf(values: Float64Array, { strata }: Frame): number {
  if (strata !== null) return stratifiedMean(strataSums(values, strata), strata);
  let total = 0;
  for (let at = 0; at < values.length; at++) total += values[at] ?? 0;
  return total / values.length;
}

/**
 * The mean of one value per case with its standard error: `clusteredMean` in its form for uneven clusters, and with strata the
 * post-stratified mean `Σ p_h mean_h` with the residuals taken within strata (Cochran 1977, §5A.9), each stretched by
 * `√(n_h / (n_h - 1))` so that a small stratum does not look certain.
 */
export function estimateMean(values: Float64Array, { clusters, strata }: Frame): MeanEstimate {
  if (strata === null) return clusteredEstimate(values, clusters);
  const groups = strataSums(values, strata);
  const residuals = values.map((value, at) => {
    const stratum = strata.of[at] ?? 0;
    const { n, sum } = groups[stratum] ?? { n: 1, sum: value };
    const stretch = n > 1 ? Math.sqrt(n / (n - 1)) : 1;
    return (((strata.shares[stratum] ?? 0) * values.length) / n) * stretch * (value - sum / n);
  });
  const spread = clusteredEstimate(residuals, clusters);
  const degreesOfFreedom = Math.max(0, spread.degreesOfFreedom - (groups.length - 1));
  return { ...spread, mean: stratifiedMean(groups, strata), degreesOfFreedom };
}

function clusteredEstimate(values: Float64Array, clusters: ClusterIndex | undefined): MeanEstimate {
  return clusteredMean(clusters === undefined ? { values } : { values, clusters, form: "uneven" });
}

interface StratumSum {
  n: number;
  sum: number;
}

function strataSums(values: Float64Array, strata: Strata): readonly StratumSum[] {
  const groups = strata.shares.map((): StratumSum => ({ n: 0, sum: 0 }));
  for (let at = 0; at < values.length; at++) {
    const group = groups[strata.of[at] ?? 0];
    if (group === undefined) continue;
    group.n += 1;
    group.sum += values[at] ?? 0;
  }
  return groups;
}

function stratifiedMean(groups: readonly StratumSum[], { shares }: Strata): number {
  return groups.reduce((total, { n, sum }, at) => total + ((shares[at] ?? 0) * sum) / Math.max(n, 1), 0);
}

/** One value per case, and what is known about it. */
export interface Sample {
  readonly values: Float64Array;
  readonly frame: Frame;
  /** Of `values` in `frame`. */
  readonly estimate: MeanEstimate;
  /** Every score behind the values is one 0 or 1: one repeat of a pass or fail. */
  readonly binary: boolean;
}

/** Values with the estimate that bounds and p-values share. */
export function sampleOf(values: Float64Array, frame: Frame, binary: boolean): Sample {
  return { values, frame, binary, estimate: estimateMean(values, frame) };
}

/**
 * One-sided bounds of the mean difference, green less blue: Tango's score interval for one pass or fail per case without
 * clusters or weights; the clustered t interval from 10 clusters and 10 differing cases on; the betting interval otherwise,
 * which holds at any size and is wide on little data. `alpha` is one-sided.
 */
export function differenceBounds(sample: Sample, alpha: number): Bounds {
  const { values, frame, binary } = sample;
  if (binary && isSimple(frame)) {
    const { gained, lost } = discordant(values);
    return { ...tangoInterval({ gained, lost, n: values.length, alpha }), method: "tango" };
  }
  return meanBounds(sample, { alpha, usual: 0, range: [-1, 1] });
}

/** One-sided bounds of a mean score: Wilson for one pass or fail per case, else as {@link differenceBounds}. */
export function scoreBounds(sample: Sample, alpha: number): Bounds {
  const { values, frame, binary } = sample;
  if (binary && isSimple(frame)) {
    let successes = 0;
    for (const value of values) if (value === 1) successes += 1;
    return { ...wilsonInterval({ successes, n: values.length, alpha }), method: "wilson" };
  }
  return meanBounds(sample, { alpha, usual: 1, range: [0, 1] });
}

function meanBounds(
  sample: Sample,
  given: { readonly alpha: number; readonly usual: number; readonly range: readonly [number, number] },
): Bounds {
  const { alpha, usual, range } = given;
  const [low, high] = range;
  if (isLarge(sample, usual)) {
    const { lower, upper } = tInterval(sample.estimate, { alpha });
    return { lower: Math.max(low, lower), upper: Math.min(high, upper), method: "clustered-t" };
  }
  const { totals, largest } = clusterTotals(sample.values, sample.frame);
  const bounds = bettingInterval({ values: totals, range: [low * largest, high * largest], alpha });
  return { lower: Math.max(low, bounds.lower), upper: Math.min(high, bounds.upper), method: "betting" };
}

/**
 * The one-sided p-value of "the candidate is not worse": mid-p McNemar, the clustered t test, or flipped signs, under the
 * conditions of {@link differenceBounds}.
 */
export function pWorse(sample: Sample): number {
  const { values, frame, binary, estimate } = sample;
  if (binary && isSimple(frame)) {
    const { gained, lost } = discordant(values);
    return gained + lost === 0 ? 1 : mcnemar({ gained, lost }).midPWorse;
  }
  if (isLarge(sample, 0)) return tWorse(estimate);
  return signFlip({ differences: clusterTotals(values, frame).totals }).worse;
}

function isSimple({ clusters, strata }: Frame): boolean {
  return clusters === undefined && strata === null;
}

function isLarge({ values, estimate }: Sample, usual: number): boolean {
  if (estimate.clusters < fewestClusters || estimate.degreesOfFreedom < 1) return false;
  let differing = 0;
  for (let at = 0; at < values.length; at++) if (values[at] !== usual) differing += 1;
  return differing >= fewestDiffering;
}

/** How many cases only green and only blue passed. */
export function discordant(differences: Float64Array): { readonly gained: number; readonly lost: number } {
  let [gained, lost] = [0, 0];
  for (let at = 0; at < differences.length; at++) {
    const difference = differences[at] ?? 0;
    if (difference > 0) gained += 1;
    else if (difference < 0) lost += 1;
  }
  return { gained, lost };
}

/** One value per cluster whose plain mean is the weighted mean of all cases, and what the largest can be. */
export function clusterTotals(
  values: Float64Array,
  { clusters, strata }: Frame,
): { readonly totals: readonly number[]; readonly largest: number } {
  const count = clusters?.count ?? values.length;
  const [totals, weights] = [new Float64Array(count), new Float64Array(count)];
  const sizes = strata === null ? null : strataSums(values, strata);
  for (let at = 0; at < values.length; at++) {
    const stratum = strata?.of[at] ?? 0;
    const weight =
      strata === null ? 1 / values.length : (strata.shares[stratum] ?? 0) / (sizes?.[stratum]?.n ?? 1);
    const cluster = clusters?.of[at] ?? at;
    totals[cluster] = (totals[cluster] ?? 0) + weight * (values[at] ?? 0);
    weights[cluster] = (weights[cluster] ?? 0) + weight;
  }
  let heaviest = 0;
  for (const weight of weights) heaviest = Math.max(heaviest, weight);
  // Rounding must not put a value outside its range.
  const largest = count * heaviest * (1 + 1e-12);
  return { totals: Array.from(totals, (total) => total * count), largest };
}
