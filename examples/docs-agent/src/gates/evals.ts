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
  gateAnswer,
} from "@verdigris/eval-gate";
import { createResultsFile } from "@verdigris/eval-gate/node";
import { renderHtml, renderJUnit, renderMarkdown } from "@verdigris/eval-gate/report";
import { answeringBundle, runEvals } from "@verdigris/eval-gate/run";
import { exactScorer } from "@verdigris/eval-gate/scorers";
import type { ReleaseGate } from "@verdigris/release";
import type { Bundle, BundleId } from "verdigris";
import type { Answer } from "../agent/answer.ts";
import { answerPrompt } from "../agent/pieces.ts";
import { costOf } from "../agent/pricing.ts";
import { type Question, type Slice, sliceOf } from "../agent/questions.ts";
import { type Materials, materialsApart } from "../bundles.ts";
import { pipelineLoader } from "../pipeline.ts";
import type { View } from "../progress.ts";
import type { Served } from "../serve.ts";
import { showVerdict } from "./show-verdict.ts";

/** The metric: an answer is right when it cites the page that the author of the documentation named. */
const metric = "right-page";

/** Agreed before any result exists: no more than three points may be lost, on all questions and on those in plain words. */
export const policy: GatePolicy = definePolicy({
  metrics: [{ kind: "pass-rate", metric, margin: 0.03 }],
  critical: [{ slice: "natural" satisfies Slice, margins: { [metric]: 0.03 } }],
});

/** The questions as an eval set: one case each, under the id it always had. */
function evalSetOf(questions: readonly Question[]): EvalSet {
  return defineEvalSet({
    name: "ai-sdk-questions",
    version: "1",
    cases: questions.map(({ id, text, exclude, target, slice }) => ({
      ...{ id, input: { text, exclude }, expected: target, slice },
    })),
  });
}

/** What the gate works with. */
export interface EvalsOptions {
  /** The questions, and the answers that users got to them already: those of a bundle, by its digest, are scored as they are. */
  readonly questions: readonly Question[];
  readonly served: readonly Served[];
  readonly materials: Materials;
  /** A registered bundle. */
  readonly bundle: (id: BundleId) => Promise<Bundle>;
  /** Where results are kept: one file per set and bundle, so results of blue serve every comparison with it. */
  readonly directory: string;
  /** Where the reports go. */
  readonly reports: string;
  readonly concurrency: number;
  readonly view: View;
  /** Told of every verdict. */
  readonly onEvidence: (evidence: GateEvidence) => void;
}

/** The gate of the phase `evals`: asks the bundle every question blue was asked, and compares case by case. */
export function evalsGate(options: EvalsOptions): ReleaseGate {
  const { questions, served, view } = options;
  const set = evalSetOf(questions);
  const apart = materialsApart(options.materials);
  return async ({ bundle, baseline, signal, keep }) => {
    if (baseline === null) throw new TypeError("there is no bundle to compare with");
    const results = async ({ id }: { readonly id: BundleId }): Promise<EvalResults> =>
      evaluate(await options.bundle(id), { ...options, set, materials: apart, signal });
    const asked = served.map(({ question }) => question);
    const evidence = judge({
      set,
      baseline: await results(baseline),
      candidate: await results(bundle),
      asked,
    });
    writeReports(evidence, set, options.reports);
    showVerdict(evidence, questions, view);
    options.onEvidence(evidence);
    const { verdict, summary } = gateAnswer(evidence);
    return { verdict, summary, evidence: await keep(JSON.parse(JSON.stringify(evidence))) };
  };
}

interface EvaluateOptions extends EvalsOptions {
  readonly set: EvalSet;
  readonly signal: AbortSignal;
}

/**
 * Asks a bundle every question once. The agent is deterministic, so a second time would measure nothing: what it answered
 * to users counts, and questions that the file of results already answers for this set and bundle, by digest, are not
 * asked again.
 */
async function evaluate(bundle: Bundle, options: EvaluateOptions): Promise<EvalResults> {
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
interface GateQuestion {
  readonly set: EvalSet;
  readonly baseline: EvalResults;
  readonly candidate: EvalResults;
  /** Questions that users asked before: what production is made of. */
  readonly asked: readonly Question[];
}

/** The verdict on one candidate. A question that stands in the prompt could not be held out. */
function judge({ set, baseline, candidate, asked }: GateQuestion): GateEvidence {
  const slices: Record<string, number> = {};
  for (const { text } of asked) slices[sliceOf(text)] = (slices[sliceOf(text)] ?? 0) + 1;
  return evaluateGate({
    ...{ set, baseline, candidate, policy, production: { slices } },
    prompts: [{ name: "answer", text: answerPrompt }],
  });
}

/** Writes the evidence, which is the truth, and its three views. */
function writeReports(evidence: GateEvidence, set: EvalSet, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const file = (ending: string): string => join(directory, `${evidence.candidate.bundle.id}.${ending}`);
  writeFileSync(file("json"), JSON.stringify(evidence, null, 2));
  writeFileSync(file("html"), renderHtml(evidence, { set }));
  writeFileSync(file("md"), renderMarkdown(evidence));
  writeFileSync(file("junit.xml"), renderJUnit(evidence));
}
