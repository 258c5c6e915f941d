import { logEOfBets, logSumExp } from "@verdigris/statistics";
import type { Cohort } from "../windows/cohort.ts";
import type { Arms, Block } from "./arms.ts";
import { contentOf, type Group, matchedGroups } from "./matched-groups.ts";
import type { Stream } from "./streams.ts";
import { addTilts } from "./tilt.ts";

/**
 * Evidence of matched runs against "the watched bundle is no worse": `ln E` of all groups that began in or after each block, for
 * every block until now.
 */
export type PairEvidence = (arms: Arms) => readonly number[];

/** Per stream the evidence of each tilt, in whole ticks. */
type Sums = number[][];

interface Known {
  readonly content: string;
  readonly sums: readonly number[];
}

/**
 * Creates the evidence of some streams: the weighted mean of their e-values. Sums are whole ticks, so the same cohorts give the
 * same bits however they were gathered. What was settled for a group is remembered until its content changes.
 */
export function createPairEvidence(streams: readonly Stream[]): PairEvidence {
  // The first cohort of a group stands for it: groups never share one.
  const known = streams.map(() => new WeakMap<Cohort, Known>());
  const finals: { readonly block: Block; readonly sums: Sums }[] = [];
  const zeros = (): Sums => streams.map(({ tilts }) => tilts.map(() => 0));

  /** Adds a group's evidence; false while it is not settled. */
  const addGroup = (into: Sums, group: Group, at: number): boolean => {
    const content = contentOf(group);
    const first = (group.watched[0] ?? group.reference[0]) as Cohort;
    let isSettled = true;
    streams.forEach((stream, i) => {
      const before = known[i]?.get(first);
      const found = before?.content === content ? before.sums : settle(stream, group, at);
      if (found === null) {
        isSettled = false;
        return;
      }
      if (before?.sums !== found) known[i]?.set(first, { content, sums: found });
      addTo(into[i], found);
    });
    return isSettled;
  };
  const blockSums = (block: Block, place: number, at: number, mayGrow: boolean): Sums => {
    const before = finals[place];
    if (before?.block === block) return before.sums;
    const sums = zeros();
    let isSettled = true;
    for (const group of matchedGroups(block, at)) isSettled = addGroup(sums, group, at) && isSettled;
    if (isSettled && !mayGrow) finals[place] = { block, sums };
    return sums;
  };
  const worth = (total: Sums): number =>
    logSumExp(total.map((stream, k) => Math.log(streams[k]?.weight ?? 0) + logEOfBets(stream)));
  return ({ blocks, at }) => {
    const total = zeros();
    const logE = new Array<number>(blocks.length).fill(0);
    for (let i = blocks.length - 1; i >= 0; i--) {
      // The newest two blocks may still gain runs and groups.
      const sums = blockSums(blocks[i] as Block, i, at, i >= blocks.length - 2);
      for (let k = 0; k < sums.length; k++) addTo(total[k], sums[k] ?? []);
      logE[i] = worth(total);
    }
    return logE;
  };
}

function settle({ scores, tilts }: Stream, group: Group, at: number): readonly number[] | null {
  const found = scores(group, at);
  if (found === null) return null;
  const sums = tilts.map(() => 0);
  addTilts(sums, found.watched, found.reference, tilts);
  return sums;
}

function addTo(into: number[] | undefined, sums: readonly number[]): void {
  if (into === undefined) return;
  for (let k = 0; k < sums.length; k++) into[k] = (into[k] ?? 0) + (sums[k] ?? 0);
}
