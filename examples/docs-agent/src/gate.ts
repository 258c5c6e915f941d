import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  defineEvalSet,
  definePolicy,
  type EvalResults,
  type EvalSet,
  evaluateGate,
  type GateEvidence,
  type GatePolicy,
} from "@verdigris/eval-gate";
import { createResultsFile } from "@verdigris/eval-gate/node";
import { renderHtml, renderJUnit, renderMarkdown } from "@verdigris/eval-gate/report";
import { answeringBundle, runEvals } from "@verdigris/eval-gate/run";
import { exactScorer } from "@verdigris/eval-gate/scorers";
import type { Bundle } from "verdigris";
import type { Answer } from "./answer.ts";
import type { Materials } from "./bundles.ts";
import { pipelineLoader } from "./pipeline.ts";
import { costOf } from "./pricing.ts";
import type { View } from "./progress.ts";
import { type Question, type Slice, sliceOf } from "./questions.ts";
import type { Served } from "./serve.ts";

/** The metric: an answer is right when it cites the page that the author of the documentation named. */
const metric = "right-page";

/** Agreed before any result exists: no more than three points may be lost, on all questions and on those in plain words. */
export const policy: GatePolicy = definePolicy({
  metrics: [{ kind: "pass-rate", metric, margin: 0.03 }],
  critical: [{ slice: "natural" satisfies Slice, margins: { [metric]: 0.03 } }],
});

/** The questions as an eval set: one case each, under the id it always had. */
export function evalSetOf(questions: readonly Question[]): EvalSet {
  return defineEvalSet({
    name: "ai-sdk-questions",
    version: "1",
    cases: questions.map(({ id, text, exclude, target, slice }) => ({
      ...{ id, input: { text, exclude }, expected: target, slice },
    })),
  });
}

/** How bundles are evaluated. */
export interface EvaluateOptions {
  readonly set: EvalSet;
  readonly materials: Materials;
  /** Answers that users got already. Those of the bundle that is evaluated, by its digest, are scored as they are. */
  readonly served: readonly Served[];
  /** Where results are kept: one file per set and bundle, so results of blue serve every comparison with it. */
  readonly directory: string;
  readonly concurrency: number;
  readonly view: View;
  readonly signal: AbortSignal;
}

/**
 * Asks a bundle every question once. The agent is deterministic, so a second time would measure nothing: what it answered
 * to users counts, and questions that the file of results already answers for this set and bundle, by digest, are not
 * asked again.
 */
export async function evaluate(bundle: Bundle, options: EvaluateOptions): Promise<EvalResults> {
  const { set, materials, served, directory, concurrency, view, signal } = options;
  const pipeline = pipelineLoader(materials)(bundle);
  const given = new Map(
    served.flatMap(({ question, scope, answer }) =>
      scope.digest === bundle.digest ? [[question.id, answer]] : [],
    ),
  );
  const short = (digest: string): string => digest.slice("sha256:".length, "sha256:".length + 12);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${short(set.digest)}-${short(bundle.digest)}.jsonl`);
  const bar = view.progress(`evaluating ${bundle.id}`, set.cases.length);
  const { results } = await runEvals({
    ...{ set, bundle: answeringBundle(bundle), concurrency, signal, sink: createResultsFile({ file }) },
    target: async (input, context) => {
      const { text, exclude } = input as Pick<Question, "text" | "exclude">;
      const answer =
        given.get(context.case) ?? (await pipeline.answer({ text, exclude }, { signal: context.signal }));
      for (const step of answer.steps) {
        const { servedModel, inputTokens, outputTokens } = step;
        context.usage({ model: servedModel, inputTokens, outputTokens, cost: costOf(step) });
      }
      return answer;
    },
    scorers: [
      exactScorer({ metric, version: "cited-page-1", select: (output) => (output as Answer).citation }),
    ],
    onProgress: bar.reach,
  }).finally(bar.end);
  return results;
}

/** What the gate is asked. */
export interface GateQuestion {
  readonly set: EvalSet;
  readonly baseline: EvalResults;
  readonly candidate: EvalResults;
  /** Questions that users asked before: what production is made of. */
  readonly asked: readonly Question[];
  /** The prompt of both bundles: a question that stands in it could not be held out. */
  readonly prompt: string;
}

/** The verdict on one candidate. */
export function judge({ set, baseline, candidate, asked, prompt }: GateQuestion): GateEvidence {
  const slices: Record<string, number> = {};
  for (const { text } of asked) slices[sliceOf(text)] = (slices[sliceOf(text)] ?? 0) + 1;
  return evaluateGate({
    ...{ set, baseline, candidate, policy, production: { slices } },
    prompts: [{ name: "answer", text: prompt }],
  });
}

/** Writes the evidence, which is the truth, and its three views. */
export function writeReports(evidence: GateEvidence, set: EvalSet, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const file = (ending: string): string => join(directory, `${evidence.candidate.bundle.id}.${ending}`);
  writeFileSync(file("json"), JSON.stringify(evidence, null, 2));
  writeFileSync(file("html"), renderHtml(evidence, { set }));
  writeFileSync(file("md"), renderMarkdown(evidence));
  writeFileSync(file("junit.xml"), renderJUnit(evidence));
}
