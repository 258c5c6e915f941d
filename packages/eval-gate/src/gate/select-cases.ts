import type { EvalCase, EvalSet } from "../eval-set/eval-set.ts";
import type { ComparedCases, GateNote, GateReason } from "../evidence/evidence.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { CaseResult, EvalResults } from "../results/results.ts";
import { type Comparison, clustersOf, pickCases, readScores, selectArm } from "./comparison.ts";
import { findPromptCases, type PromptText } from "./held-out.ts";
import { absentCases, type MatchedArm, matchArm } from "./identity.ts";
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
  const before = baseline === null ? null : matchArm("baseline", set, baseline);
  const now = matchArm("candidate", set, candidate);
  const { added, missing } = absentCases(
    set,
    baseline === null || before === null ? null : { results: baseline, arm: before },
    now,
  );
  const inPrompt = findPromptCases(set.cases, prompts ?? []);
  const promptIds = new Set(inPrompt.map(({ case: id }) => id));
  const both = pairAnswers(set, { before, now }, promptIds);
  const found: GateReason[] = [...(before?.reasons ?? []), ...now.reasons];
  if (both.unequal.length > 0) {
    const text = `${countCases(both.unequal)} ran another number of times on one bundle than on the other`;
    found.push(reason("repeats-unequal", text, { cases: both.unequal }));
  }
  const { comparison, incomplete } = measured(both, policy);
  const notes: GateNote[] = [];
  const unmeasured = [...missing.filter((id) => !promptIds.has(id)), ...incomplete];
  if (unmeasured.length > policy.maxUnmeasured * set.cases.length) {
    const text = `${countCases(unmeasured)} of ${set.cases.length} could not be measured: run them again; a missing score is never 0`;
    found.push(reason("cases-unmeasured", text, { cases: unmeasured }));
  } else if (unmeasured.length > 0) {
    const text = `${countCases(unmeasured)} could not be measured and are left out`;
    notes.push(note("cases-left-out", text, { cases: unmeasured }));
  }
  notes.push(...promptNotes(inPrompt, prompts), ...addedNotes(added));
  return {
    comparison,
    added,
    leftOut: [
      ...inPrompt.map(({ case: id }) => ({ case: id, why: "in-prompt" as const })),
      ...unmeasured.map((id) => ({ case: id, why: "unmeasured" as const })),
    ],
    reasons: found,
    notes,
  };
}

/** Cases with an answer on every side, and these answers, in the same order. */
interface PairedAnswers {
  readonly cases: readonly EvalCase[];
  readonly before: readonly CaseResult[] | null;
  readonly now: readonly CaseResult[];
  /** Cases that were run another number of times on one bundle than on the other: their means weigh differently. */
  readonly unequal: readonly string[];
}

function pairAnswers(
  { cases }: EvalSet,
  arms: { readonly before: MatchedArm | null; readonly now: MatchedArm },
  inPrompt: ReadonlySet<string>,
): PairedAnswers {
  const kept: EvalCase[] = [];
  const [before, now]: [CaseResult[], CaseResult[]] = [[], []];
  const unequal: string[] = [];
  for (let at = 0; at < cases.length; at++) {
    const entry = cases[at];
    const blue = arms.before?.answers[at];
    const green = arms.now.answers[at];
    if (entry === undefined || green === undefined) continue;
    if (arms.before !== null && blue === undefined) continue;
    if (inPrompt.has(entry.id)) continue;
    kept.push(entry);
    now.push(green);
    if (blue === undefined) continue;
    before.push(blue);
    if (blue.repeats.length !== green.repeats.length) unequal.push(entry.id);
  }
  return { cases: kept, before: arms.before === null ? null : before, now, unequal };
}

/** The comparison of the cases on which every score was measured, and the ids of the others. */
function measured(
  { cases, before, now }: PairedAnswers,
  { metrics }: GatePolicy,
): { readonly comparison: Comparison; readonly incomplete: readonly string[] } {
  const compared = metrics.flatMap(({ kind, metric }) => (kind === "rare-event" ? [] : [metric]));
  const green = readScores(
    now,
    metrics.map(({ metric }) => metric),
  );
  const blue = before === null ? null : readScores(before, compared);
  const gaps = new Set([...green.gaps, ...(blue?.gaps ?? [])]);
  if (gaps.size === 0) {
    const clusters = clustersOf(cases);
    const comparison = { cases, clusters, baseline: blue?.arm ?? null, candidate: green.arm };
    return { comparison, incomplete: [] };
  }
  const [kept, dropped]: [number[], string[]] = [[], []];
  for (const [at, { id }] of cases.entries()) {
    if (gaps.has(at)) dropped.push(id);
    else kept.push(at);
  }
  const left = pickCases(cases, kept);
  return {
    comparison: {
      cases: left,
      clusters: clustersOf(left),
      baseline: blue === null ? null : selectArm(blue.arm, kept),
      candidate: selectArm(green.arm, kept),
    },
    incomplete: dropped,
  };
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
