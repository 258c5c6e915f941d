import { logEBinomial, slowTailGrid } from "@verdigris/statistics";
import { type Cohort, cohortMs, membersOf, openOf } from "../windows/cohort.ts";
import { countOf, type Histogram, mergeInto, upperEnd } from "../windows/histogram.ts";
import { quantileBounds } from "../windows/quantile-bounds.ts";
import { quantileBucket, sumOf } from "../windows/window.ts";
import { type Arms, type Block, restartMs } from "./arms.ts";
import { loadOf, ofPast } from "./past.ts";
import { createFinals, fromEachBlock } from "./per-block.ts";

/** What is known of run times without a fresh baseline. */
export interface HistoryTail {
  /** The bucket of the baseline's p95 at the load of the last ten minutes; null where it was never seen at it. */
  readonly reference: number | null;
  readonly referenceN: number;
  /** By how many buckets the baseline's own ten minutes have strayed from the rest of it, beyond chance. */
  readonly swing: number;
  readonly obstacle: string | null;
  /** Per block, the evidence of it and all after it. */
  logE(): readonly number[];
}

const exceedance = 0.05;
/** Loads within this factor of each other are alike. */
const alike = Math.log(1.5);
const leastBlocks = 6;
const leastRuns = 100;

/** The baseline at one load. */
interface AtLoad {
  readonly n: number;
  /** The bucket of its p95; null where it was hardly seen at this load. */
  readonly usual: number | null;
  /** The same from the safe side of its interval. */
  readonly safe: number;
}

/** What the past says. */
interface Standard {
  readonly blocks: number;
  readonly swing: number;
  readonly atLoad: (load: number) => AtLoad;
}

interface Hits {
  readonly hits: number;
  readonly n: number;
}

const none: Hits = { hits: 0, n: 0 };

/**
 * Creates evidence against "green's p95 is at most blue's was": blue's quantile is taken at a like load, from the safe side of
 * its interval, and as much higher as blue's own ten minutes have strayed from each other. So it holds for an unchanged bundle
 * in conditions no worse than blue has been seen in; in others nothing is comparable but a holdback.
 */
export function createHistoryTail(): (arms: Arms) => HistoryTail {
  const standardFor = ofPast(standardOf);
  const exceedancesOf = createExceedances();
  return (arms) => {
    const standard = standardFor(arms.past);
    const recent = arms.watched.filter(({ at }) => at >= arms.at - restartMs);
    const { n, usual } = standard.atLoad(sumOf(recent, membersOf) / portion(arms.at - arms.since));
    const logE = (): readonly number[] =>
      fromEachBlock(
        arms.blocks.map((block, place) => exceedancesOf(block, place, arms.at, standard)),
        none,
        (a, b) => ({ hits: a.hits + b.hits, n: a.n + b.n }),
        (sum) => logEBinomial({ ...sum, nullProbability: exceedance, alternatives: slowTailGrid }),
      );
    return {
      ...{ reference: usual, referenceN: n, swing: standard.swing, logE },
      obstacle: obstacleOf(standard.blocks, usual),
    };
  };
}

function obstacleOf(blocks: number, usual: number | null): string | null {
  if (blocks < leastBlocks)
    return `the baseline has ${blocks} ten-minute windows before the switch, and ${leastBlocks} are needed`;
  if (usual === null) return "the baseline was not seen at this load before the switch: keep a holdback";
  return null;
}

/** The part of ten minutes that has passed. */
function portion(ms: number): number {
  return Math.min(1, Math.max(0.1, ms / restartMs));
}

interface TimedBlock {
  readonly logLoad: number;
  readonly runs: Histogram;
}

function standardOf(blocks: readonly Block[]): Standard {
  const past = blocks.map((block): TimedBlock => {
    const runs: Histogram = new Map();
    for (const { latency } of block.reference) mergeInto(runs, latency);
    return { logLoad: Math.log(loadOf(block)), runs };
  });
  const known = new Map<number, AtLoad>();
  const atLoad = (load: number): AtLoad => {
    // Loads in steps of a twentieth, so that each is matched once.
    const step = Math.round(Math.log(load) * 20);
    const found = known.get(step) ?? describe(matching(past, step / 20));
    known.set(step, found);
    return found;
  };
  return { blocks: past.length, atLoad, swing: swingOf(past) };
}

function describe(runs: Histogram): AtLoad {
  const n = countOf(runs);
  if (n < leastRuns) return { n, usual: null, safe: Infinity };
  const safe = quantileBounds(runs, 1 - exceedance, 0.002)?.high ?? Infinity;
  return { n, usual: quantileBucket(runs, 1 - exceedance), safe };
}

/** The runs of all blocks of a like load, but for one. */
function matching(past: readonly TimedBlock[], logLoad: number, without?: TimedBlock): Histogram {
  const all: Histogram = new Map();
  for (const block of past) {
    if (block === without || !(Math.abs(block.logLoad - logLoad) <= alike)) continue;
    mergeInto(all, block.runs);
  }
  return all;
}

/** How far the worst of blue's blocks lay above the others of a like load, by the low end of its interval. */
function swingOf(past: readonly TimedBlock[]): number {
  let swing = 0;
  for (const block of past) {
    if (countOf(block.runs) < 20) continue;
    const others = matching(past, block.logLoad, block);
    const usual = countOf(others) < leastRuns ? null : quantileBucket(others, 1 - exceedance);
    const own = quantileBounds(block.runs, 1 - exceedance, 0.05);
    if (usual !== null && own !== null) swing = Math.max(swing, own.low - usual);
  }
  return swing;
}

/** Of the runs that had time to pass blue's p95 at their load, on its safe side: how many did. */
function createExceedances(): (block: Block, place: number, at: number, standard: Standard) => Hits {
  const finals = createFinals<Standard, Hits>();
  return (block, place, at, standard) => {
    const { n, safe } = standard.atLoad(sumOf(block.watched, membersOf) / portion(at - block.begin));
    if (n < leastRuns) return none;
    const limit = safe + standard.swing;
    const timeToPass = upperEnd(limit);
    const isFinal = block.open === 0 && at - block.begin - restartMs >= timeToPass;
    return finals(place, block, standard, isFinal, () => exceed(block.watched, at, limit, timeToPass));
  };
}

function exceed(cohorts: readonly Cohort[], at: number, limit: number, timeToPass: number): Hits {
  let [hits, n] = [0, 0];
  for (const cohort of cohorts) {
    if (at - cohort.at - cohortMs < timeToPass) continue;
    hits += openOf(cohort);
    for (const [bucket, count] of cohort.latency) if (bucket > limit) hits += count;
    n += membersOf(cohort);
  }
  return { hits, n };
}
