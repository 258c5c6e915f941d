import type { CaseList, ComparedFinding } from "../evidence/findings.ts";
import type { ComparedCase } from "./comparison.ts";

const keptCases = 100;

/** Who won and who lost: the largest changes first, cases of equal change by id. */
export function changedCases(
  cases: readonly ComparedCase[],
  differences: Float64Array,
): Pick<ComparedFinding, "won" | "lost" | "tied"> {
  const won = caseList(cases, differences, 1);
  const lost = caseList(cases, differences, -1);
  return { won, lost, tied: differences.length - won.count - lost.count };
}

function caseList(cases: readonly ComparedCase[], differences: Float64Array, sign: 1 | -1): CaseList {
  const first: Change[] = [];
  let count = 0;
  for (let at = 0; at < differences.length; at++) {
    const size = sign * (differences[at] ?? 0);
    if (!(size > 0)) continue;
    count += 1;
    insert(first, { id: cases[at]?.id ?? "", size });
  }
  return { count, cases: first.map(({ id }) => id) };
}

/** Keeps the first hundred in order: ten thousand need not be sorted to show them. */
function insert(first: Change[], change: Change): void {
  const last = first.at(-1);
  if (first.length === keptCases && last !== undefined) {
    if (!isBefore(change, last)) return;
    first.pop();
  }
  let [from, to] = [0, first.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isBefore(change, first[middle] ?? change)) to = middle;
    else from = middle + 1;
  }
  first.splice(from, 0, change);
}

interface Change {
  readonly id: string;
  readonly size: number;
}

function isBefore(one: Change, other: Change): boolean {
  return one.size > other.size || (one.size === other.size && one.id < other.id);
}
