import type { EvalSet } from "../eval-set/eval-set.ts";
import type { ComparedCases, GateNote, GateReason } from "../evidence/evidence.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { CaseResult, EvalResults } from "../results/results.ts";
import type { Comparison } from "./comparison.ts";
import { findPromptCases, type PromptText } from "./held-out.ts";
import { matchCases, unequalRepeats } from "./identity.ts";
import { countCases, note, reason } from "./remarks.ts";

/** The cases a gate may judge on, and why others are not among them. */
export interface SelectedCases {
  readonly comparison: Comparison;
  readonly added: readonly string[];
  readonly leftOut: ComparedCases["leftOut"];
  readonly reasons: readonly GateReason[];
  readonly notes: readonly GateNote[];
}

/** What the selection looks at. */
export interface SelectOptions {
  readonly set: EvalSet;
  readonly baseline: EvalResults | null;
  readonly candidate: EvalResults;
  readonly policy: GatePolicy;
  readonly prompts: readonly PromptText[] | undefined;
}

/** Keeps the cases that both bundles answered, held out and measured, and says what became of every other one. */
export function selectHeldOut(options: SelectOptions): SelectedCases {
  const { set, baseline, candidate, policy, prompts } = options;
  const { reasons, added, missing } = matchCases(set, baseline, candidate);
  const found: GateReason[] = [...reasons];
  const notes: GateNote[] = [];
  const addedIds = new Set(added);
  const inPrompt = findPromptCases(set.cases, prompts ?? []);
  const promptIds = new Set(inPrompt.map(({ case: id }) => id));
  const gone = new Set(missing);
  const present = set.cases.filter(({ id }) => !addedIds.has(id) && !promptIds.has(id) && !gone.has(id));
  if (baseline !== null) {
    const unequal = unequalRepeats(present, baseline, candidate);
    if (unequal.length > 0) {
      const text = `${countCases(unequal)} ran another number of times on one bundle than on the other`;
      found.push(reason("repeats-unequal", text, { cases: unequal }));
    }
  }
  const asked = policy.metrics.map(({ metric }) => metric);
  const compared = policy.metrics.flatMap(({ kind, metric }) => (kind === "rare-event" ? [] : [metric]));
  const incomplete = present.filter(
    ({ id }) =>
      !isMeasured(candidate.cases.get(id), asked) ||
      (baseline !== null && !isMeasured(baseline.cases.get(id), compared)),
  );
  const unmeasured = [...missing.filter((id) => !promptIds.has(id)), ...incomplete.map(({ id }) => id)];
  if (unmeasured.length > policy.maxUnmeasured * set.cases.length) {
    const text = `${countCases(unmeasured)} of ${set.cases.length} could not be measured: run them again; a missing score is never 0`;
    found.push(reason("cases-unmeasured", text, { cases: unmeasured }));
  } else if (unmeasured.length > 0) {
    notes.push(
      note("cases-left-out", `${countCases(unmeasured)} could not be measured and are left out`, {
        cases: unmeasured,
      }),
    );
  }
  notes.push(...promptNotes(inPrompt, prompts), ...addedNotes(added));
  const out = new Set(unmeasured);
  const cases = present.filter(({ id }) => !out.has(id));
  const resultsOf = (results: EvalResults): readonly CaseResult[] =>
    cases.flatMap(({ id }) => results.cases.get(id) ?? []);
  return {
    comparison: {
      cases,
      baseline: baseline === null ? null : resultsOf(baseline),
      candidate: resultsOf(candidate),
    },
    added,
    leftOut: [
      ...inPrompt.map(({ case: id }) => ({ case: id, why: "in-prompt" as const })),
      ...unmeasured.map((id) => ({ case: id, why: "unmeasured" as const })),
    ],
    reasons: found,
    notes,
  };
}

function isMeasured(result: CaseResult | undefined, metrics: readonly string[]): boolean {
  if (result === undefined) return false;
  for (const { scores } of result.repeats) {
    for (const metric of metrics) if (typeof scores[metric] !== "number") return false;
  }
  return true;
}

function promptNotes(
  found: ReturnType<typeof findPromptCases>,
  prompts: readonly PromptText[] | undefined,
): readonly GateNote[] {
  if (prompts === undefined) {
    return [
      note(
        "held-out-unchecked",
        "no prompt texts were given, so nobody looked whether the cases are held out",
      ),
    ];
  }
  if (found.length === 0) return [];
  const cases = found.map(({ case: id }) => id);
  const names = [...new Set(found.map(({ prompt }) => prompt))].join(", ");
  const text = `${countCases(cases)} stand in a prompt (${names}) and are left out: they are not held out`;
  return [note("case-in-prompt", text, { cases })];
}

function addedNotes(added: readonly string[]): readonly GateNote[] {
  if (added.length === 0) return [];
  const text = `${countCases(added)} are new to the baseline and not compared; run it on this set to count them`;
  return [note("cases-added", text, { cases: added })];
}
