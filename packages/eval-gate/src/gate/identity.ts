import type { Digest } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateReason } from "../evidence/evidence.ts";
import type { CaseResult, EvalResults } from "../results/results.ts";
import { countCases, reason } from "./remarks.ts";

/** Which bundle's answers are looked at: in a sentence, "the baseline answered …". */
export type Arm = "baseline" | "candidate" | "second run of the baseline";

/** What one bundle answered, case by case. */
export interface MatchedArm {
  /** Answers that are there. */
  readonly met: number;
  /** One per case of the set, in its order; undefined where there is no answer. */
  readonly answers: readonly (CaseResult | undefined)[];
  /** Answers to another content, to cases that are gone, and to nobody knows what. */
  readonly reasons: readonly GateReason[];
}

/** Compares what was asked with the set, case by case: another content or a case that is gone is another question. */
export function matchArm(arm: Arm, set: EvalSet, results: EvalResults): MatchedArm {
  const answers: (CaseResult | undefined)[] = [];
  const [changed, undigested]: [string[], string[]] = [[], []];
  const sameSet = results.header.set.digest === set.digest;
  let met = 0;
  for (const { id, digest } of set.cases) {
    const result = results.cases.get(id);
    answers.push(result);
    if (result === undefined) continue;
    met += 1;
    const asked: Digest | null = result.digest ?? (sameSet ? digest : null);
    if (asked === null) undigested.push(id);
    else if (asked !== digest) changed.push(id);
  }
  const removed = met === results.cases.size ? [] : unknownCases(set, results);
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
  return { met, answers, reasons: found };
}

function unknownCases(set: EvalSet, results: EvalResults): readonly string[] {
  const known = new Set(set.cases.map(({ id }) => id));
  return [...results.cases.keys()].filter((id) => !known.has(id));
}

/** Cases of the set that have no answer, and why. */
export interface AbsentCases {
  /** The baseline had not been asked: its set was an earlier one. */
  readonly added: readonly string[];
  /** They ought to have results. */
  readonly missing: readonly string[];
}

/** Tells cases that are new from cases that were not run. */
export function absentCases(
  set: EvalSet,
  baseline: { readonly results: EvalResults; readonly arm: MatchedArm } | null,
  candidate: MatchedArm,
): AbsentCases {
  const absent = ({ answers, met }: MatchedArm): readonly string[] =>
    met === answers.length ? [] : set.cases.flatMap(({ id }, at) => (answers[at] === undefined ? [id] : []));
  const missing = new Set(absent(candidate));
  if (baseline === null) return { added: [], missing: [...missing] };
  const notAsked = absent(baseline.arm);
  if (baseline.results.header.set.digest !== set.digest) {
    return { added: notAsked.filter((id) => !missing.has(id)), missing: [...missing] };
  }
  for (const id of notAsked) missing.add(id);
  return { added: [], missing: [...missing] };
}
