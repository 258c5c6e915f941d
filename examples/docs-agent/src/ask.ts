import type { Run } from "verdigris";
import type { DocsAgent } from "./agent.ts";
import type { Answer, Asked, RunState, StepReport } from "./answer.ts";
import { costOf } from "./pricing.ts";

/** The first step. Its state is plain JSON: the run may go on here, or in another process. */
export async function search(run: Run<DocsAgent>, asked: Asked): Promise<RunState> {
  const state = await run.step("search", ({ pipeline, signal }) => pipeline.steps.search(asked, { signal }));
  bill(run, state.steps);
  return state;
}

/** The steps after it. Every step uses the pipeline of the run's bundle, whatever is live by now. */
export async function readAndAnswer(run: Run<DocsAgent>, searched: RunState): Promise<Answer> {
  const state = await run.step("read", ({ pipeline, signal }) => pipeline.steps.read(searched, { signal }));
  bill(run, state.steps);
  const answer = await run.step("answer", ({ pipeline, signal }) => pipeline.steps.answer(state, { signal }));
  bill(run, answer.steps);
  return answer;
}

/** Records what the latest model call used, under the bundle the run is on. */
function bill(run: Run<DocsAgent>, steps: readonly StepReport[]): void {
  const latest = steps.at(-1);
  if (latest === undefined) return;
  const { servedModel, inputTokens, outputTokens } = latest;
  run.usage({ model: servedModel, inputTokens, outputTokens, cost: costOf(latest) });
}
