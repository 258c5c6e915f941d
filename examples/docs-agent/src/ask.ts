import type { ShadowSession } from "@verdigris/shadow";
import type { Run, StepContext } from "verdigris";
import type { DocsAgent, StepOptions } from "./agent/agent.ts";
import type { Answer, Asked, RunState, StepReport } from "./agent/answer.ts";
import { costOf } from "./agent/pricing.ts";

/** A run of the agent, and the session its tools go through where it is mirrored, or a mirror itself. */
export interface Asking {
  readonly run: Run<DocsAgent>;
  readonly session?: ShadowSession | undefined;
}

/** The first step. Its state is plain JSON: the run may go on here, or in another process. */
export async function search(asking: Asking, asked: Asked): Promise<RunState> {
  const state = await asking.run.step("search", (step) =>
    step.pipeline.steps.search(asked, optionsOf(asking, step)),
  );
  bill(asking, state.steps);
  return state;
}

/** The steps after it. Every step uses the pipeline of the run's bundle, whatever is live by now. */
export async function readAndAnswer(asking: Asking, searched: RunState): Promise<Answer> {
  const { run } = asking;
  const state = await run.step("read", (step) => step.pipeline.steps.read(searched, optionsOf(asking, step)));
  bill(asking, state.steps);
  const answer = await run.step("answer", (step) =>
    step.pipeline.steps.answer(state, optionsOf(asking, step)),
  );
  bill(asking, answer.steps);
  return answer;
}

function optionsOf({ session }: Asking, { signal }: StepContext<DocsAgent>): StepOptions {
  if (session === undefined) return { signal };
  return { signal: AbortSignal.any([signal, session.signal]), wrap: (tools) => session.tools(tools) };
}

/** Records what the latest model call used, under the bundle the run is on. */
function bill({ run, session }: Asking, steps: readonly StepReport[]): void {
  const latest = steps.at(-1);
  if (latest === undefined) return;
  const { servedModel, inputTokens, outputTokens } = latest;
  const usage = { model: servedModel, inputTokens, outputTokens, cost: costOf(latest) };
  run.usage(usage);
  session?.usage(usage);
}
