import type { Digest } from "@verdigris/contracts";
import type { EvalCase, EvalSet } from "../eval-set/eval-set.ts";
import type { GateReason } from "../evidence/evidence.ts";
import type { CaseResult, EvalResults } from "../results/results.ts";
import { countCases, reason } from "./remarks.ts";

/** Which cases of the set have an answer of each bundle to this very question. */
export interface CaseMatch {
  readonly reasons: readonly GateReason[];
  /** Cases the baseline had not been asked: its set was an earlier one. */
  readonly added: readonly string[];
  /** Cases that ought to have results and have none. */
  readonly missing: readonly string[];
}

/** Compares what was asked, case by case: an added case is fine, another content or a case that is gone is not. */
export function matchCases(set: EvalSet, baseline: EvalResults | null, candidate: EvalResults): CaseMatch {
  const cases = new Map(set.cases.map((entry) => [entry.id, entry]));
  const reasons = [
    ...(baseline === null ? [] : armReasons("baseline", set, cases, baseline)),
    ...armReasons("candidate", set, cases, candidate),
  ];
  const older = baseline !== null && baseline.header.set.digest !== set.digest;
  const absent = (results: EvalResults): readonly string[] =>
    set.cases.filter(({ id }) => !results.cases.has(id)).map(({ id }) => id);
  const notAsked = baseline === null ? [] : absent(baseline);
  const missing = new Set([...absent(candidate), ...(older ? [] : notAsked)]);
  return { reasons, added: older ? notAsked.filter((id) => !missing.has(id)) : [], missing: [...missing] };
}

function armReasons(
  arm: "baseline" | "candidate",
  set: EvalSet,
  cases: ReadonlyMap<string, EvalCase>,
  results: EvalResults,
): readonly GateReason[] {
  const changed: string[] = [];
  const removed: string[] = [];
  const undigested: string[] = [];
  const sameSet = results.header.set.digest === set.digest;
  for (const result of results.cases.values()) {
    const entry = cases.get(result.case);
    if (entry === undefined) {
      removed.push(result.case);
      continue;
    }
    const digest: Digest | null = result.digest ?? (sameSet ? entry.digest : null);
    if (digest === null) undigested.push(result.case);
    else if (digest !== entry.digest) changed.push(result.case);
  }
  const found: GateReason[] = [];
  const asked = `the ${arm} answered`;
  if (changed.length > 0) {
    const text = `${asked} another content of ${countCases(changed)}: run it again on this set`;
    found.push(reason("case-changed", text, { cases: changed }));
  }
  if (removed.length > 0) {
    const text = `${asked} ${countCases(removed)} that this set no longer holds: run it again on this set`;
    found.push(reason("case-removed", text, { cases: removed }));
  }
  if (undigested.length > 0) {
    const text = `${asked} an earlier set without saying the digest of ${countCases(undigested)}: run it again, with digests`;
    found.push(reason("case-undigested", text, { cases: undigested }));
  }
  return found;
}

/** Cases that were run another number of times on one bundle than on the other: their means weigh differently. */
export function unequalRepeats(
  cases: readonly EvalCase[],
  baseline: EvalResults,
  candidate: EvalResults,
): readonly string[] {
  const count = (result: CaseResult | undefined): number => result?.repeats.length ?? 0;
  return cases
    .filter(({ id }) => count(baseline.cases.get(id)) !== count(candidate.cases.get(id)))
    .map(({ id }) => id);
}
