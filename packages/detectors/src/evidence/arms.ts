import type { SignalBaseline } from "@verdigris/contracts";
import { type Cohort, cohortMs, endedOf, judgedOf, membersOf } from "../windows/cohort.ts";

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
  /** Runs of the same time; none where the baseline is of before. */
  readonly reference: readonly Cohort[];
  /** All of the time since then, ten minutes each. */
  readonly blocks: readonly Block[];
  /** The baseline's time before that, ten minutes each, where it is all there is. The same array while nothing in it changes. */
  readonly past: readonly Block[];
}

/** Cohorts of both arms, oldest first, and the time they are looked at. */
interface ArmsInput extends Pick<Arms, "since" | "at" | "watched" | "reference"> {
  readonly baseline: SignalBaseline;
}

/**
 * Cuts arms into blocks, once for all rules that ask about one and the same look. The cohorts of the first `warmUp` runs of the
 * watched bundle are left out in both arms: cold caches and new connections are no regression.
 */
export type CutArms = (look: ArmsInput, warmUp: number) => Arms;

/** True where both arms take runs at the same time, so that runs can be matched. */
export function isConcurrent({ kind }: SignalBaseline): boolean {
  return kind === "concurrent" || kind === "holdback";
}

/** Creates what cuts the looks at one bundle: a look is an object of its own, and is not changed after it was first cut. */
export function createCutArms(): CutArms {
  const cut = createCut();
  const cutPast = createCut();
  const withoutFirst = createWithoutFirst();
  let last: { readonly look: ArmsInput; readonly whole: Arms } | null = null;
  let past: readonly Block[] = [];
  return (look, warmUp) => {
    if (last?.look !== look) {
      const { since, at, watched } = look;
      const fresh = isConcurrent(look.baseline);
      const reference = fresh ? look.reference : [];
      const blocks = cut({ watched, reference }, since, Math.max(at, since + 1));
      past = fresh ? [] : unlessSame(past, cutPast(before(look), beginOfPast(look), since));
      last = { look, whole: { since, at, watched, reference, blocks, past } };
    }
    return warmUp === 0 ? last.whole : withoutFirst(last.whole, warmUp);
  };
}

interface Cohorts {
  readonly watched: readonly Cohort[];
  readonly reference: readonly Cohort[];
}

function before({ reference, since }: ArmsInput): Cohorts {
  return { watched: [], reference: reference.slice(0, firstAt(reference, since)) };
}

function beginOfPast({ reference, since }: ArmsInput): number {
  const first = reference[0]?.at ?? since;
  return since - Math.ceil(Math.max(0, since - first) / restartMs) * restartMs;
}

function unlessSame(known: readonly Block[], now: readonly Block[]): readonly Block[] {
  return known.length === now.length && now.every((block, i) => block === known[i]) ? known : now;
}

/** Creates what cuts a span of both arms into blocks, and keeps those in which nothing has changed. */
function createCut(): (arms: Cohorts, from: number, to: number) => readonly Block[] {
  let known = new Map<number, Fingerprinted>();
  return ({ watched, reference }, from, to) => {
    const seen = new Map<number, Fingerprinted>();
    const blocks: Block[] = [];
    for (let begin = from, w = 0, r = 0; begin < to; begin += restartMs) {
      const lastW = firstAt(watched, begin + restartMs, w);
      const lastR = firstAt(reference, begin + restartMs, r);
      const now: Spans = { watched, reference, spans: [w, lastW, r, lastR] };
      const before = known.get(begin);
      const made = before !== undefined && isSame(before, now) ? before : fingerprinted(begin, now);
      seen.set(begin, made);
      blocks.push(made.block);
      [w, r] = [lastW, lastR];
    }
    known = seen;
    return blocks;
  };
}

/** The part of both arms that a block is of. */
interface Spans extends Cohorts {
  readonly spans: readonly [
    fromWatched: number,
    toWatched: number,
    fromReference: number,
    toReference: number,
  ];
}

/** Numbers per arm that only grow: any change of a block's content shows in one of them. */
const fingerprint = 6;
const print = new Float64Array(2 * fingerprint);

interface Fingerprinted {
  readonly sums: Float64Array;
  readonly block: Block;
}

function fingerprinted(begin: number, { watched, reference, spans: [a, b, c, d] }: Spans): Fingerprinted {
  addSums(print, 0, watched, a, b);
  addSums(print, fingerprint, reference, c, d);
  return { sums: print.slice(), block: blockOf(begin, watched.slice(a, b), reference.slice(c, d)) };
}

function isSame({ sums, block }: Fingerprinted, now: Spans): boolean {
  const [a, b, c, d] = now.spans;
  if (b - a !== block.watched.length || d - c !== block.reference.length) return false;
  for (let i = a; i < b; i++) if (now.watched[i] !== block.watched[i - a]) return false;
  for (let i = c; i < d; i++) if (now.reference[i] !== block.reference[i - c]) return false;
  addSums(print, 0, block.watched, 0, b - a);
  addSums(print, fingerprint, block.reference, 0, d - c);
  for (let i = 0; i < print.length; i++) if (sums[i] !== print[i]) return false;
  return true;
}

function addSums(
  sums: Float64Array,
  offset: number,
  cohorts: readonly Cohort[],
  from: number,
  to: number,
): void {
  let [started, ended, withdrawn, spent, unpriced, judged] = [0, 0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const cohort = cohorts[i] as Cohort;
    started += cohort.started;
    ended += cohort.completed + cohort.failed + cohort.expired;
    withdrawn += cohort.withdrawn;
    spent += cohort.spent;
    unpriced += cohort.unpriced;
    judged += judgedOf(cohort);
  }
  sums[offset] = started;
  sums[offset + 1] = ended;
  sums[offset + 2] = withdrawn;
  sums[offset + 3] = spent;
  sums[offset + 4] = unpriced;
  sums[offset + 5] = judged;
}

function blockOf(begin: number, watched: readonly Cohort[], reference: readonly Cohort[]): Block {
  let open = 0;
  for (const arm of [watched, reference])
    for (const cohort of arm) open += membersOf(cohort) - endedOf(cohort);
  return { begin, watched, reference, open };
}

/** Creates what leaves out the first runs: only the blocks in which they lie are others then. */
function createWithoutFirst(): (whole: Arms, warmUp: number) => Arms {
  const cuts = new WeakMap<Block, { readonly from: number; readonly block: Block }>();
  const after = (block: Block, from: number): Block => {
    if (block.begin >= from) return block;
    const known = cuts.get(block);
    if (known?.from === from) return known.block;
    const rest = (cohorts: readonly Cohort[]): readonly Cohort[] => cohorts.slice(firstAt(cohorts, from));
    const cut = { from, block: blockOf(block.begin, rest(block.watched), rest(block.reference)) };
    cuts.set(block, cut);
    return cut.block;
  };
  return (whole, warmUp) => {
    const from = afterRuns(whole, warmUp);
    return {
      ...whole,
      watched: whole.watched.slice(firstAt(whole.watched, from)),
      reference: whole.reference.slice(firstAt(whole.reference, from)),
      blocks: whole.blocks.map((block) => after(block, from)),
    };
  };
}

/** The time from which runs count, once the first `runs` of the watched bundle are left out. */
function afterRuns({ watched, since }: Arms, runs: number): number {
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
  while (i < cohorts.length && (cohorts[i] as Cohort).at < at) i++;
  return i;
}
