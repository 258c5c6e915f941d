import { join } from "node:path";
import type { EvalSet, GateEvidence } from "@verdigris/eval-gate";
import type { Bundle } from "verdigris";
import { describeBundle, type Materials, materialsApart } from "./bundles.ts";
import { evalSetOf, evaluate, judge, policy, writeReports } from "./gate.ts";
import type { IndexKind } from "./indexes.ts";
import { answerPrompt } from "./pieces.ts";
import type { View } from "./progress.ts";
import type { Question } from "./questions.ts";
import type { Served } from "./serve.ts";

/** A green that wants to go live, and what is said for it. */
export interface Candidate {
  readonly id: string;
  readonly index: IndexKind;
  readonly idea: string;
}

/** In the order they were thought of. The last one is released. */
export const candidates: readonly Candidate[] = [
  { id: "green1", index: "split", idea: "take identifiers apart, so that parts of them are found" },
  { id: "green2", index: "both", idea: "the obvious repair: keep the whole ones too" },
  { id: "green3", index: "routed", idea: "use that only for questions that name code" },
];

/** What the gate is played with. */
export interface GateActOptions {
  readonly materials: Materials;
  readonly questions: readonly Question[];
  /** What blue has answered to users: what production asks, and answers that need no second asking. */
  readonly served: readonly Served[];
  readonly blue: Bundle;
  readonly directory: string;
  /** Where the reports go. */
  readonly reports: string;
  readonly concurrency: number;
  readonly view: View;
  readonly signal: AbortSignal;
}

/** Evaluates blue and every candidate on the same questions, and lets the gate say which may go forward. */
export async function gateCandidates(options: GateActOptions): Promise<readonly GateEvidence[]> {
  const { materials, questions, served, blue, directory, reports, view } = options;
  const set = evalSetOf(questions);
  const points = (share: number): string => (100 * share).toFixed(0);
  const [overall] = policy.metrics;
  if (overall === undefined || overall.kind === "rare-event")
    throw new TypeError("the policy compares nothing");
  view.line(`   agreed before any result, policy ${policy.digest.slice(7, 19)}:`);
  view.line(`   not more than ${points(overall.margin)} points lost over all questions, nor on:`);
  for (const { slice, margins } of policy.critical) {
    view.line(`   ${slice} questions: ${Object.values(margins).map(points).join(", ")} points`);
  }
  const asked = served.map(({ question }) => question);
  const apart = {
    ...options,
    set,
    materials: materialsApart(materials),
    directory: join(directory, "results"),
  };
  const baseline = await evaluate(blue, apart);
  const verdicts: GateEvidence[] = [];
  for (const { id, index, idea } of candidates) {
    view.line(`\n   ${view.paint("bold", id)}: ${idea}`);
    const candidate = await evaluate(describeBundle(id, index, apart.materials), apart);
    const evidence = judge({ set, baseline, candidate, asked, prompt: answerPrompt });
    writeReports(evidence, set, reports);
    showVerdict(evidence, set, questions, view);
    verdicts.push(evidence);
  }
  return verdicts;
}

function showVerdict(
  evidence: GateEvidence,
  set: EvalSet,
  questions: readonly Question[],
  { line, paint }: View,
): void {
  const signed = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;
  for (const {
    slice,
    n,
    baseline,
    candidate,
    difference,
    interval,
    margin,
    won,
    lost,
    verdict,
  } of evidence.metrics) {
    const [was, is] = [baseline ?? 0, candidate].map((share) => `${(100 * share).toFixed(1)} %`);
    const range =
      interval === null
        ? ""
        : ` (${signed(interval.lower)} to ${signed(interval.upper)}, margin ${signed(-margin)})`;
    const name = (slice ?? "all").padEnd(8);
    const change = `${signed(difference ?? 0)} points${range}`;
    line(
      `   ${name} ${n} questions: ${was} → ${is}, ${change}, won ${won.count}, lost ${lost.count}: ${verdict}`,
    );
  }
  const passed = evidence.verdict === "pass";
  line(`   ${paint(passed ? "green" : "red", passed ? "passes" : "stopped")}: ${evidence.summary}`);
  const lost =
    evidence.metrics.find(({ slice, verdict }) => slice !== null && verdict !== "pass")?.lost.cases ?? [];
  const first = questions.find(({ id }) => id === lost[0]);
  if (first !== undefined)
    line(paint("dim", `   one it lost, of ${set.cases.length}: ${first.text.slice(0, 100)}`));
}
