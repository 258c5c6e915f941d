import { type Cohort, endedOf, membersOf } from "../windows/cohort.ts";
import { restartMs } from "./arms.ts";

/** Ten minutes of the baseline before the switch. */
export interface PastBlock {
  readonly cohorts: readonly Cohort[];
  /** Runs started in it. */
  readonly load: number;
}

/** Cuts the baseline's past into blocks; blocks with next to nothing are left out. Remembered while nothing changes. */
export function createPast(): (reference: readonly Cohort[], since: number) => readonly PastBlock[] {
  let known: { readonly content: string; readonly blocks: readonly PastBlock[] } | null = null;
  return (reference, since) => {
    let [started, ended] = [0, 0];
    for (const cohort of reference) {
      started += membersOf(cohort);
      ended += endedOf(cohort);
    }
    const content = `${since}:${reference.length}:${started}/${ended}`;
    if (known?.content === content) return known.blocks;
    known = { content, blocks: cutPast(reference, since) };
    return known.blocks;
  };
}

function cutPast(reference: readonly Cohort[], since: number): PastBlock[] {
  const byBlock = new Map<number, Cohort[]>();
  for (const cohort of reference) {
    if (cohort.at >= since) continue;
    const block = Math.floor((cohort.at - since) / restartMs);
    const cohorts = byBlock.get(block) ?? [];
    cohorts.push(cohort);
    byBlock.set(block, cohorts);
  }
  return [...byBlock.values()]
    .map((cohorts) => ({ cohorts, load: cohorts.reduce((sum, cohort) => sum + membersOf(cohort), 0) }))
    .filter(({ load }) => load >= 5);
}
