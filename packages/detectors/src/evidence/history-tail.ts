import { logEBinomial, slowTailGrid } from "@verdigris/statistics";
import { type Cohort, cohortMs, membersOf, openOf } from "../windows/cohort.ts";
import { countOf, type Histogram, mergeInto, upperEnd } from "../windows/histogram.ts";
import { quantileBounds } from "../windows/quantile-bounds.ts";
import { quantileBucket } from "../windows/window.ts";
import { type Arms, type Block, restartMs } from "./arms.ts";
import { createPast, type PastBlock } from "./past.ts";
import { fromEachBlock } from "./per-block.ts";

/** What is known of run times without a fresh baseline. */
export interface HistoryTail {
  readonly logE: readonly number[];
  /** The bucket of the baseline's p95 at the load of the last ten minutes; null where it was never seen at it. */
  readonly reference: number | null;
  readonly referenceN: number;
  /** By how many buckets the baseline's own ten minutes have strayed from the rest of it, beyond chance. */
  readonly swing: number;
  readonly obstacle: string | null;
}

const exceedance = 0.05;
/** Loads within this factor of each other are alike. */
const alike = Math.log(1.5);
const leastBlocks = 6;
const leastRuns = 100;

interface TimedPast extends PastBlock {
  readonly runs: Histogram;
}

/** What the past says, computed once. */
interface Standard {
  readonly past: readonly TimedPast[];
  readonly swing: number;
  /** By load: the runs of all blocks of a like load. */
  readonly like: (load: number) => Histogram;
}

/**
 * Creates evidence against "green's p95 is at most blue's was": blue's quantile is taken at a like load, from the safe side of
 * its interval, and as much higher as blue's own ten minutes have strayed from each other. So it holds for an unchanged bundle
 * in conditions no worse than blue has been seen in; in others nothing is comparable but a holdback.
 */
export function createHistoryTail(): (arms: Arms, reference: readonly Cohort[]) => HistoryTail {
  const cutPast = createPast();
  let known: { readonly blocks: readonly PastBlock[]; readonly standard: Standard } | null = null;
  return (arms, reference) => {
    const blocks = cutPast(reference, arms.since);
    if (known?.blocks !== blocks) known = { blocks, standard: standardOf(blocks) };
    const { past, swing, like } = known.standard;
    const recent = arms.watched.filter(({ at }) => at >= arms.at - restartMs);
    const matched = like(membersIn(recent) / portion(arms.at - arms.since));
    const referenceN = countOf(matched);
    const usual = referenceN < leastRuns ? null : quantileBucket(matched, 1 - exceedance);
    const counts = arms.blocks.map((block) => exceedances(block, arms, known?.standard as Standard));
    const logE = fromEachBlock(
      counts,
      { hits: 0, n: 0 },
      (a, b) => ({ hits: a.hits + b.hits, n: a.n + b.n }),
      ({ hits, n }) => logEBinomial({ hits, n, nullProbability: exceedance, alternatives: slowTailGrid }),
    );
    return { logE, reference: usual, referenceN, swing, obstacle: obstacleOf(past, usual) };
  };
}

function obstacleOf(past: readonly PastBlock[], usual: number | null): string | null {
  if (past.length < leastBlocks)
    return `the baseline has ${past.length} ten-minute windows before the switch, and ${leastBlocks} are needed`;
  if (usual === null) return "the baseline was not seen at this load before the switch: keep a holdback";
  return null;
}

/** The part of ten minutes that has passed. */
function portion(ms: number): number {
  return Math.min(1, Math.max(0.1, ms / restartMs));
}

function membersIn(cohorts: readonly Cohort[]): number {
  return cohorts.reduce((sum, cohort) => sum + membersOf(cohort), 0);
}

function standardOf(blocks: readonly PastBlock[]): Standard {
  const past = blocks.map((block): TimedPast => {
    const runs: Histogram = new Map();
    for (const { latency } of block.cohorts) mergeInto(runs, latency);
    return { ...block, runs };
  });
  const merged = new Map<number, Histogram>();
  const like = (load: number): Histogram => {
    // Loads in steps of a twentieth, so that each is matched once.
    const step = Math.round(Math.log(load) * 20);
    const found = merged.get(step) ?? matching(past, step / 20);
    merged.set(step, found);
    return found;
  };
  return { past, like, swing: swingOf(past) };
}

/** The runs of all blocks of a like load, but for one. */
function matching(past: readonly TimedPast[], logLoad: number, without?: TimedPast): Histogram {
  const all: Histogram = new Map();
  for (const block of past) {
    if (block === without || !(Math.abs(Math.log(block.load) - logLoad) <= alike)) continue;
    mergeInto(all, block.runs);
  }
  return all;
}

/** How far the worst of blue's blocks lay above the others of a like load, by the low end of its interval. */
function swingOf(past: readonly TimedPast[]): number {
  let swing = 0;
  for (const block of past) {
    if (countOf(block.runs) < 20) continue;
    const others = matching(past, Math.log(block.load), block);
    const usual = countOf(others) < leastRuns ? null : quantileBucket(others, 1 - exceedance);
    const own = quantileBounds(block.runs, 1 - exceedance, 0.05);
    if (usual !== null && own !== null) swing = Math.max(swing, own.low - usual);
  }
  return swing;
}

/** Of the runs that had time to pass blue's p95 at their load, on its safe side: how many did. */
function exceedances(block: Block, { at }: Arms, { like, swing }: Standard): { hits: number; n: number } {
  const matched = like(membersIn(block.watched) / portion(at - block.begin));
  const none = { hits: 0, n: 0 };
  if (countOf(matched) < leastRuns) return none;
  const limit = (quantileBounds(matched, 1 - exceedance, 0.002)?.high ?? Infinity) + swing;
  const timeToPass = upperEnd(limit);
  return block.watched.reduce((sum, cohort) => {
    if (at - cohort.at - cohortMs < timeToPass) return sum;
    let hits = openOf(cohort);
    for (const [bucket, count] of cohort.latency) if (bucket > limit) hits += count;
    return { hits: sum.hits + hits, n: sum.n + membersOf(cohort) };
  }, none);
}
