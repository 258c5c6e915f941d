import { type Cohort, membersOf, openOf } from "../windows/cohort.ts";
import { type Histogram, lastBucketWithin, middleOf, upperEnd } from "../windows/histogram.ts";
import { type Group, isSettled } from "./matched-groups.ts";
import { thin } from "./thin.ts";

/** One way of scoring the runs of a group: the same for both arms, higher is worse. */
export interface Stream {
  /** How far the watched runs may lean towards high scores. */
  readonly tilts: readonly number[];
  /** Its part of the whole; the parts of all streams add up to 1. */
  readonly weight: number;
  /** Null until they are settled: what they are then, they stay. */
  readonly scores: (group: Group, at: number) => Scores | null;
}

/** The scores of both arms of one group. */
interface Scores {
  readonly watched: readonly number[];
  readonly reference: readonly number[];
}

/** For ranks in [-1, 1]. */
const rankTilts: readonly number[] = [0.3, 0.8, 1.6, 3.2];
/** For amounts in standard deviations. */
const amountTilts: readonly number[] = [0.2, 0.5, 1, 2];

/** More runs than these of one group add cost and no insight. */
const mostOfFewer = 40;
const mostOfMore = 160;

function thinned<T>(
  watched: readonly T[],
  reference: readonly T[],
  from: number,
): { watched: readonly T[]; reference: readonly T[] } {
  const seed = (from / 1_000) >>> 0;
  const limit = (arm: readonly T[], other: readonly T[]): number =>
    arm.length <= other.length ? mostOfFewer : mostOfMore;
  return {
    watched: thin(watched, limit(watched, reference), seed),
    reference: thin(reference, limit(reference, watched), seed + 1),
  };
}

/** Ranks of both arms together, from -1 to 1; equals share theirs. */
function ranks(watched: readonly number[], reference: readonly number[]): Scores {
  const all = [...watched, ...reference].sort((a, b) => a - b);
  const rankOf = new Map<number, number>();
  for (let i = 0; i < all.length; ) {
    let next = i + 1;
    while (next < all.length && all[next] === all[i]) next++;
    rankOf.set(all[i] ?? 0, (i + next) / all.length - 1);
    i = next;
  }
  const score = (value: number): number => rankOf.get(value) ?? 0;
  return { watched: watched.map(score), reference: reference.map(score) };
}

function pushAll(into: number[], histogram: Histogram): void {
  for (const [bucket, count] of histogram) for (let i = 0; i < count; i++) into.push(bucket);
}

/** This share of a group is ranked by its run times; the rest is slower than it, and equal. */
const ranked = 0.8;

/** Run times by bucket, shortest first, those beyond `cut` as one bucket above it; what has not ended lies beyond. */
function runTimes(cohorts: readonly Cohort[], cut: number): number[] {
  const times: number[] = [];
  for (const cohort of cohorts) {
    for (const [bucket, count] of cohort.latency)
      for (let i = 0; i < count; i++) times.push(Math.min(bucket, cut + 1));
    for (let open = openOf(cohort); open > 0; open--) times.push(cut + 1);
  }
  return times.sort((a, b) => a - b);
}

/**
 * The bucket up to which every run of a group is known to have ended or to be slower: that of its first 80 %, or what a run has
 * had time for after `settleMs`. Null while neither is known. Both arms decide it together, so it favours none.
 */
function cutOf({ watched, reference, to }: Group, at: number, settleMs: number): number | null {
  const all = [...watched, ...reference];
  const ended: number[] = [];
  for (const { latency } of all) pushAll(ended, latency);
  ended.sort((a, b) => a - b);
  const members = all.reduce((sum, cohort) => sum + membersOf(cohort), 0);
  const last = ended[Math.ceil(ranked * members) - 1];
  if (last !== undefined && upperEnd(last) <= at - to) return last;
  return at - to < settleMs ? null : lastBucketWithin(settleMs);
}

/** Which arm is slower. Settled as soon as four fifths of a group have ended. */
export function slower(settleMs: number, weight: number): Stream {
  return {
    tilts: rankTilts,
    weight,
    scores(group, at) {
      const cut = cutOf(group, at, settleMs);
      if (cut === null) return null;
      const { watched, reference } = thinned(
        runTimes(group.watched, cut),
        runTimes(group.reference, cut),
        group.from,
      );
      return ranks(watched, reference);
    },
  };
}

/** What a run cost, below 0 for one that did not complete: its bucket and its end in one number. */
function spendings(cohorts: readonly Cohort[]): Spending[] {
  const [completed, others]: [number[], number[]] = [[], []];
  for (const { cost, waste } of cohorts) {
    pushAll(completed, cost);
    pushAll(others, waste);
  }
  const inOrder = (buckets: number[]): number[] => buckets.sort((a, b) => a - b);
  return [
    ...inOrder(completed).map((bucket) => ({ bucket, completed: 1 })),
    ...inOrder(others).map((bucket) => ({ bucket, completed: 0 })),
  ];
}

interface Spending {
  readonly bucket: number;
  readonly completed: number;
}

/** Both arms' spending once every run has ended, or had `settleMs` to. */
function settledSpendings(
  group: Group,
  at: number,
  settleMs: number,
): ReturnType<typeof thinned<Spending>> | null {
  if (!isSettled(group, at, settleMs)) return null;
  return thinned(spendings(group.watched), spendings(group.reference), group.from);
}

/** Which arm's runs spend more. */
export function dearer(settleMs: number, weight: number): Stream {
  const bucketOf = ({ bucket }: Spending): number => bucket;
  return {
    tilts: rankTilts,
    weight,
    scores(group, at) {
      const arms = settledSpendings(group, at, settleMs);
      return arms === null ? null : ranks(arms.watched.map(bucketOf), arms.reference.map(bucketOf));
    },
  };
}

/** Values beyond this many medians count as that many: one runaway run must not set the scale. */
const winsor = 16;

/**
 * What each run spent beyond what its completion is worth, at the price both arms pay together: a run that failed has spent and
 * brought nothing. No run counts with more than `maxCost`, or 16 medians of the group.
 */
export function dearerAmount(settleMs: number, weight: number, maxCost?: number): Stream {
  return {
    tilts: amountTilts,
    weight,
    scores(group, at) {
      const arms = settledSpendings(group, at, settleMs);
      return arms === null ? null : excesses(arms.watched, arms.reference, maxCost);
    },
  };
}

function excesses(watched: readonly Spending[], reference: readonly Spending[], maxCost?: number): Scores {
  const all = [...watched, ...reference];
  const cap = maxCost ?? winsor * medianOf(all.map(({ bucket }) => middleOf(bucket)));
  const spent = ({ bucket }: Spending): number => Math.min(cap, middleOf(bucket));
  const completed = all.reduce((sum, run) => sum + run.completed, 0);
  const price = completed === 0 ? 0 : all.reduce((sum, run) => sum + spent(run), 0) / completed;
  const excess = (run: Spending): number => spent(run) - price * run.completed;
  const deviation = Math.sqrt(all.reduce((sum, run) => sum + excess(run) ** 2, 0) / all.length);
  if (!(deviation > 0)) return { watched: [], reference: [] };
  const score = (run: Spending): number => excess(run) / deviation;
  return { watched: watched.map(score), reference: reference.map(score) };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
