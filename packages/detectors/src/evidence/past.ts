import { membersOf } from "../windows/cohort.ts";
import { sumOf } from "../windows/window.ts";
import type { Block } from "./arms.ts";

/** Blocks of the baseline's past with fewer runs say nothing. */
const leastRuns = 5;

/** Runs of the baseline started in a block. */
export function loadOf({ reference }: Block): number {
  return sumOf(reference, membersOf);
}

/** Computes what the past of a baseline says, once for as long as nothing in it changes. */
export function ofPast<T>(compute: (past: readonly Block[]) => T): (past: readonly Block[]) => T {
  let known: { readonly past: readonly Block[]; readonly value: T } | null = null;
  return (past) => {
    if (known?.past !== past)
      known = { past, value: compute(past.filter((block) => loadOf(block) >= leastRuns)) };
    return known.value;
  };
}
