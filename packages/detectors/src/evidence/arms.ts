import { type Cohort, cohortMs, endedOf, membersOf } from "../windows/cohort.ts";

/** Restarts come this far apart: evidence that begins later does not carry an old good past. */
export const restartMs = 600_000;

/** Ten minutes of both arms. As long as its content does not change it is the same object, look after look. */
export interface Block {
  readonly begin: number;
  readonly watched: readonly Cohort[];
  readonly reference: readonly Cohort[];
  /** Runs of either arm that have not ended. */
  readonly open: number;
}

/** Two arms at one moment, on one grid of time that begins when the bundle was first watched. */
export interface Arms {
  readonly since: number;
  /** Store time up to which everything that happened is known. */
  readonly at: number;
  readonly watched: readonly Cohort[];
  readonly reference: readonly Cohort[];
  /** All of the time since then, ten minutes each. */
  readonly blocks: readonly Block[];
}

/** Cohorts of both arms, oldest first, and the time they are looked at. */
export type ArmsInput = Omit<Arms, "blocks">;

/**
 * Creates what cuts arms into blocks. The cohorts of the first `warmUp` runs of the watched bundle are left out in both arms:
 * cold caches and new connections are no regression.
 */
export function createArms(warmUp: number): (input: ArmsInput) => Arms {
  let known = new Map<number, Fingerprinted>();
  return (input) => {
    const from = afterRuns(input, warmUp);
    const { since, at } = input;
    const watched = input.watched.slice(firstAt(input.watched, from));
    const reference = input.reference.slice(firstAt(input.reference, from));
    const seen = new Map<number, Fingerprinted>();
    const blocks: Block[] = [];
    for (let begin = since, w = 0, r = 0; begin < Math.max(at, since + 1); begin += restartMs) {
      const lastW = firstAt(watched, begin + restartMs, w);
      const lastR = firstAt(reference, begin + restartMs, r);
      const made = remember(known.get(begin), begin, watched.slice(w, lastW), reference.slice(r, lastR));
      seen.set(begin, made);
      blocks.push(made.block);
      [w, r] = [lastW, lastR];
    }
    known = seen;
    return { since, at, watched, reference, blocks };
  };
}

/** Sums that only grow: any change of a block's content shows in one of them. */
interface Fingerprinted {
  readonly sums: Float64Array;
  readonly block: Block;
}

function remember(
  before: Fingerprinted | undefined,
  begin: number,
  watched: readonly Cohort[],
  reference: readonly Cohort[],
): Fingerprinted {
  const sums = new Float64Array(10);
  addSums(sums, 0, watched);
  addSums(sums, 5, reference);
  if (before !== undefined && isSame(before, sums, watched, reference)) return before;
  let open = 0;
  for (const arm of [watched, reference])
    for (const cohort of arm) open += membersOf(cohort) - endedOf(cohort);
  return { sums, block: { begin, watched, reference, open } };
}

function isSame(
  { sums, block }: Fingerprinted,
  now: Float64Array,
  watched: readonly Cohort[],
  reference: readonly Cohort[],
): boolean {
  if (watched.length !== block.watched.length || reference.length !== block.reference.length) return false;
  for (let i = 0; i < now.length; i++) if (sums[i] !== now[i]) return false;
  for (let i = 0; i < watched.length; i++) if (watched[i] !== block.watched[i]) return false;
  for (let i = 0; i < reference.length; i++) if (reference[i] !== block.reference[i]) return false;
  return true;
}

function addSums(sums: Float64Array, offset: number, cohorts: readonly Cohort[]): void {
  let [started, ended, withdrawn, scored, noted] = [0, 0, 0, 0, 0];
  for (const cohort of cohorts) {
    started += cohort.started;
    ended += endedOf(cohort);
    withdrawn += cohort.withdrawn;
    scored += cohort.scored;
    if (cohort.events.size > 0) for (const { n } of cohort.events.values()) noted += n;
  }
  sums.set([started, ended, withdrawn, scored, noted], offset);
}

/** The time from which runs count, once the first `runs` of the watched bundle are left out. */
function afterRuns({ watched, since }: ArmsInput, runs: number): number {
  let seen = 0;
  let from = since;
  for (const cohort of watched) {
    if (seen >= runs) break;
    seen += membersOf(cohort);
    from = cohort.at + cohortMs;
  }
  return from;
}

/** The first place at or after `start` whose cohort begins at or after `at`. */
function firstAt(cohorts: readonly Cohort[], at: number, start = 0): number {
  let i = start;
  while (i < cohorts.length && (cohorts[i]?.at ?? 0) < at) i++;
  return i;
}
