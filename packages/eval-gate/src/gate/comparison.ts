import { type ClusterIndex, indexClusters } from "@verdigris/statistics";
import type { EvalCase } from "../eval-set/eval-set.ts";
import type { CaseResult } from "../results/results.ts";

/** What a comparison needs to know of a case. */
export type ComparedCase = Pick<EvalCase, "id" | "slice" | "cluster">;

/** The scores of one metric on one bundle, in columns: the loops of a gate run over numbers, not over objects. */
export interface MetricScores {
  /** All repeats of the first case, then of the second, … */
  readonly scores: Float64Array;
  /** Where each case begins in `scores`, and the end of the last: one more than there are cases. */
  readonly starts: Int32Array;
  /** Of each case. */
  readonly means: Float64Array;
}

/** The scores of one bundle, by metric. */
export type ArmScores = ReadonlyMap<string, MetricScores>;

/** The cases that take part, and what both bundles scored on them, in the same order. */
export interface Comparison {
  readonly cases: readonly ComparedCase[];
  /** Which cases belong together; undefined where nobody named clusters. */
  readonly clusters: ClusterIndex | undefined;
  /** Null for the first bundle. */
  readonly baseline: ArmScores | null;
  readonly candidate: ArmScores;
}

/** The clusters of `cases`. Cases without one are alone; when all are, there are none to account for. */
export function clustersOf(cases: readonly ComparedCase[]): ClusterIndex | undefined {
  const labels: (string | undefined)[] = [];
  let named = false;
  for (let at = 0; at < cases.length; at++) {
    const cluster = cases[at]?.cluster;
    if (cluster !== undefined) named = true;
    labels.push(cluster);
  }
  return named ? indexClusters(labels) : undefined;
}

/** What {@link clustersOf} would say of the cases at `kept`. */
export function selectClusters(
  { cases, clusters }: Pick<Comparison, "cases" | "clusters">,
  kept: readonly number[],
): ClusterIndex | undefined {
  if (clusters === undefined || kept.every((at) => cases[at]?.cluster === undefined)) return undefined;
  const numbers = new Int32Array(clusters.count).fill(-1);
  const of = new Int32Array(kept.length);
  let count = 0;
  for (let i = 0; i < kept.length; i++) {
    const cluster = clusters.of[kept[i] ?? 0] ?? 0;
    if (numbers[cluster] === -1) numbers[cluster] = count++;
    of[i] = numbers[cluster] ?? 0;
  }
  return { of, count };
}

/** What {@link readScores} found. */
export interface ReadScores {
  readonly arm: ArmScores;
  /** Positions of results in which a score of `metrics` is missing. */
  readonly gaps: readonly number[];
}

/** Takes the scores of `metrics` out of `results`, in that order. */
export function readScores(results: readonly CaseResult[], metrics: readonly string[]): ReadScores {
  const starts = new Int32Array(results.length + 1);
  let end = 0;
  for (let at = 0; at < results.length; at++) {
    end += results[at]?.repeats.length ?? 0;
    starts[at + 1] = end;
  }
  const gaps = new Set<number>();
  const arm = new Map<string, MetricScores>();
  for (const metric of metrics) {
    const scores = new Float64Array(end);
    let next = 0;
    for (let at = 0; at < results.length; at++) {
      const repeats = results[at]?.repeats ?? [];
      for (let k = 0; k < repeats.length; k++) {
        const score = repeats[k]?.scores[metric];
        if (typeof score === "number") scores[next] = score;
        else gaps.add(at);
        next += 1;
      }
    }
    arm.set(metric, metricScores(scores, starts));
  }
  return { arm, gaps: [...gaps] };
}

/** The columns of one metric, from the scores of every repeat and where each case begins; see {@link MetricScores}. */
export function metricScores(scores: Float64Array, starts: Int32Array): MetricScores {
  const n = starts.length - 1;
  const means = new Float64Array(n);
  for (let at = 0; at < n; at++) {
    const from = starts[at] ?? 0;
    const to = starts[at + 1] ?? 0;
    let sum = 0;
    for (let i = from; i < to; i++) sum += scores[i] ?? 0;
    means[at] = sum / (to - from);
  }
  return { scores, starts, means };
}

/** The scores of `metric`; whoever asks has seen to it that they were read. */
export function scoresOf(arm: ArmScores, metric: string): MetricScores {
  const found = arm.get(metric);
  if (found === undefined) throw new RangeError(`no scores of ${metric} were read`);
  return found;
}

/** The scores of the cases at `kept`. */
export function selectScores({ scores, starts, means }: MetricScores, kept: ArrayLike<number>): MetricScores {
  const chosen = new Int32Array(kept.length + 1);
  for (let i = 0; i < kept.length; i++) {
    const at = kept[i] ?? 0;
    chosen[i + 1] = (chosen[i] ?? 0) + (starts[at + 1] ?? 0) - (starts[at] ?? 0);
  }
  const found = new Float64Array(chosen[kept.length] ?? 0);
  for (let i = 0; i < kept.length; i++) {
    const from = starts[kept[i] ?? 0] ?? 0;
    const to = chosen[i] ?? 0;
    const count = (chosen[i + 1] ?? 0) - to;
    for (let k = 0; k < count; k++) found[to + k] = scores[from + k] ?? 0;
  }
  return { scores: found, starts: chosen, means: pickNumbers(means, kept) };
}

/** The scores of all metrics of the cases at `kept`. */
export function selectArm(arm: ArmScores, kept: ArrayLike<number>): ArmScores {
  return new Map([...arm].map(([metric, scores]) => [metric, selectScores(scores, kept)]));
}

/** The numbers at `kept`, in that order. */
export function pickNumbers(values: Float64Array, kept: ArrayLike<number>): Float64Array {
  const picked = new Float64Array(kept.length);
  for (let i = 0; i < kept.length; i++) picked[i] = values[kept[i] ?? 0] ?? 0;
  return picked;
}

/** Green less blue, case by case. */
export function differencesOf(green: MetricScores, blue: MetricScores): Float64Array {
  const n = green.means.length;
  const differences = new Float64Array(n);
  for (let at = 0; at < n; at++) differences[at] = (green.means[at] ?? 0) - (blue.means[at] ?? 0);
  return differences;
}

/** One repeat of a pass or fail each. */
export function isBinary({ scores, means }: MetricScores): boolean {
  return scores.length === means.length && scores.every((score) => score === 0 || score === 1);
}

/** True when every case has more than one repeat: runs of one bundle can be compared with each other. */
export function isRepeated({ starts }: MetricScores): boolean {
  for (let at = 1; at < starts.length; at++) {
    if ((starts[at] ?? 0) - (starts[at - 1] ?? 0) < 2) return false;
  }
  return true;
}

/** Positions of the cases of each slice. */
export function positionsBySlice(cases: readonly ComparedCase[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (let at = 0; at < cases.length; at++) {
    const slice = cases[at]?.slice ?? "";
    const positions = found.get(slice);
    if (positions === undefined) found.set(slice, [at]);
    else positions.push(at);
  }
  return found;
}

/** The cases at `kept`, in that order. */
export function pickCases<T>(cases: readonly T[], kept: readonly number[]): readonly T[] {
  // Positions come from the list itself.
  return kept.map((at) => cases[at] as T);
}
