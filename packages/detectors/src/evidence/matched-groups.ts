import { type Cohort, cohortMs, endedOf, membersOf, openOf } from "../windows/cohort.ts";
import type { Block } from "./arms.ts";

/** Runs of both arms that started together: within ten seconds to five minutes, by how many there were. */
export interface Group {
  readonly from: number;
  readonly to: number;
  readonly watched: readonly Cohort[];
  readonly reference: readonly Cohort[];
}

const enoughRuns = 8;
const shortMs = 60_000;
const longMs = 300_000;

/**
 * Cuts a block into groups that hold runs of both arms. Where to cut depends on how many runs started and never on how they
 * went, so in a group of unchanged bundles every run is as likely to be of either arm's share as any other.
 *
 * A group ends with eight runs of the smaller arm, after a minute with one, and after five minutes in any case. What is open
 * at the end of the block, or may still gain runs, is left out.
 */
export function matchedGroups(block: Block, at: number): Group[] {
  const groups: Group[] = [];
  let group: GroupInTheMaking | null = null;
  for (const { time, watched, reference } of together(block)) {
    // A bucket of time that is not over yet may still gain runs.
    if (time + cohortMs > at) break;
    if (group !== null && time - group.from >= longMs) group = null;
    group ??= { from: time, watched: [], reference: [], watchedRuns: 0, referenceRuns: 0 };
    if (watched !== undefined) {
      group.watched.push(watched);
      group.watchedRuns += membersOf(watched);
    }
    if (reference !== undefined) {
      group.reference.push(reference);
      group.referenceRuns += membersOf(reference);
    }
    const fewest = Math.min(group.watchedRuns, group.referenceRuns);
    const to = time + cohortMs;
    if (fewest >= enoughRuns || (to - group.from >= shortMs && fewest >= 1)) {
      groups.push({ from: group.from, to, watched: group.watched, reference: group.reference });
      group = null;
    }
  }
  return groups;
}

interface GroupInTheMaking {
  readonly from: number;
  readonly watched: Cohort[];
  readonly reference: Cohort[];
  watchedRuns: number;
  referenceRuns: number;
}

interface SameTime {
  readonly time: number;
  readonly watched: Cohort | undefined;
  readonly reference: Cohort | undefined;
}

/** Both arms, bucket by bucket. */
function* together({ watched, reference }: Block): Generator<SameTime> {
  let w = 0;
  let r = 0;
  while (w < watched.length || r < reference.length) {
    const first = watched[w];
    const second = reference[r];
    const time = Math.min(first?.at ?? Infinity, second?.at ?? Infinity);
    const left = first?.at === time ? first : undefined;
    const right = second?.at === time ? second : undefined;
    if (left !== undefined) w++;
    if (right !== undefined) r++;
    yield { time, watched: left, reference: right };
  }
}

/** True when every run of the group has ended, or had time to: `settleMs` after the group did. */
export function isSettled({ watched, reference, to }: Group, at: number, settleMs: number): boolean {
  if (at - to >= settleMs) return true;
  return watched.every((cohort) => openOf(cohort) === 0) && reference.every((cohort) => openOf(cohort) === 0);
}

/** What changes whenever the content of a group does: counts only grow. */
export function contentOf({ watched, reference, to }: Group): string {
  const sum = (cohorts: readonly Cohort[]): string => {
    let members = 0;
    let ended = 0;
    for (const cohort of cohorts) {
      members += membersOf(cohort);
      ended += endedOf(cohort);
    }
    return `${members}/${ended}`;
  };
  return `${to}:${sum(watched)}:${sum(reference)}`;
}
