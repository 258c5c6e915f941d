import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateNote, GateReason } from "../evidence/evidence.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { CaseResult, EvalResults } from "../results/results.ts";
import { type ArmScores, type Comparison, readScores } from "./comparison.ts";
import { matchArm } from "./identity.ts";
import { countCases, note, reason } from "./remarks.ts";
import { checkAgain } from "./scorer-identity.ts";

/** A second run of the baseline, and what it is held against. */
export interface AgainOptions {
  readonly set: EvalSet;
  readonly policy: GatePolicy;
  readonly baseline: EvalResults | null;
  readonly baselineAgain?: EvalResults;
}

/** Why the second run is another question than the first: cases, repeats, scorers or judges differ. */
export function againReasons({ set, policy, baseline, baselineAgain }: AgainOptions): readonly GateReason[] {
  if (baselineAgain === undefined || baseline === null) return [];
  const unequal: string[] = [];
  for (const [id, { repeats }] of baselineAgain.cases) {
    const before = baseline.cases.get(id);
    if (before !== undefined && before.repeats.length !== repeats.length) unequal.push(id);
  }
  const found = [
    ...matchArm("second run of the baseline", set, baselineAgain).reasons,
    ...checkAgain(policy, baseline, baselineAgain),
  ];
  if (unequal.length === 0) return found;
  const text = `${countCases(unequal)} ran another number of times on the second run of the baseline than on the first`;
  return [...found, reason("repeats-unequal", text, { cases: unequal })];
}

/** The second run's scores of the compared cases; null, and a note, where it does not hold all of them, measured. */
export function readAgain(
  { policy, baseline, baselineAgain }: AgainOptions,
  { cases }: Comparison,
): { readonly scores: ArmScores | null; readonly notes: readonly GateNote[] } {
  if (baselineAgain === undefined || baseline === null) return { scores: null, notes: [] };
  const answers: CaseResult[] = [];
  const missing: string[] = [];
  for (const { id } of cases) {
    const answer = baselineAgain.cases.get(id);
    if (answer === undefined) missing.push(id);
    else answers.push(answer);
  }
  const compared = policy.metrics.flatMap(({ kind, metric }) => (kind === "rare-event" ? [] : [metric]));
  const { arm, gaps } = readScores(answers, compared);
  for (const at of gaps) missing.push(answers[at]?.case ?? "");
  if (missing.length === 0) return { scores: arm, notes: [] };
  const text = `the second run of the baseline does not hold ${countCases(missing)}, measured, so it is not used: noise is what the repeats of the first show`;
  return { scores: null, notes: [note("noise-unmeasured", text, { cases: missing })] };
}
