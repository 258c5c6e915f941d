import { logEBinomial, slowTailGrid } from "@verdigris/statistics";
import { type Cohort, cohortMs, membersOf, openOf } from "../windows/cohort.ts";
import { type Histogram, mergeInto, upperEnd } from "../windows/histogram.ts";
import { quantileBounds } from "../windows/quantile-bounds.ts";
import { createTally, quantileOf } from "../windows/tally.ts";
import { sumOf } from "../windows/window.ts";
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
    const found = known.get(step) ?? describe(past, step / 20);
    known.set(step, found);
    return found;
  };
  return { blocks: past.length, atLoad, swing: swingOf(past) };
}

/** Empty between uses. */
const [matched, own] = [createTally(), createTally()];

function describe(past: readonly TimedBlock[], logLoad: number): AtLoad {
  for (const block of past) if (Math.abs(block.logLoad - logLoad) <= alike) matched.addAll(block.runs);
  const { n } = matched;
  const usual = n < leastRuns ? null : quantileOf(matched, 1 - exceedance);
  const safe = n < leastRuns ? Infinity : (quantileBounds(matched, 1 - exceedance, 0.002)?.high ?? Infinity);
  matched.clear();
  return { n, usual, safe };
}

/** How far the worst of blue's blocks lay above the others of a like load, by the low end of its interval. */
function swingOf(past: readonly TimedBlock[]): number {
  const inOrder = past.toSorted((a, b) => a.logLoad - b.logLoad);
  let [swing, first, next] = [0, 0, 0];
  for (const block of inOrder) {
    // A span of like loads that moves up with the blocks: each is added once and taken off once.
    for (; next < inOrder.length && isWithin(inOrder[next], block); next++)
      matched.addAll(inOrder[next]?.runs ?? new Map());
    for (; !isWithin(inOrder[first], block); first++) matched.addAll(inOrder[first]?.runs ?? new Map(), -1);
    swing = Math.max(swing, strayOf(block));
  }
  matched.clear();
  return swing;
}

function isWithin(one: TimedBlock | undefined, block: TimedBlock): boolean {
  return one !== undefined && Math.abs(one.logLoad - block.logLoad) <= alike;
}

/** By how many buckets a block lies above the others in `matched`, of which it is one. */
function strayOf({ runs }: TimedBlock): number {
  own.addAll(runs);
  matched.addAll(runs, -1);
  const usual = matched.n < leastRuns ? null : quantileOf(matched, 1 - exceedance);
  const bounds = own.n < 20 ? null : quantileBounds(own, 1 - exceedance, 0.05);
  matched.addAll(runs);
  own.clear();
  return usual === null || bounds === null ? 0 : bounds.low - usual;
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
