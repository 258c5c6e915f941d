import { isStepCount, ToolLoopAgent } from "ai";
import { z } from "zod";
import {
  type Answer,
  type Asked,
  answerOf,
  opening,
  type RunState,
  type StepName,
  type StepReport,
} from "./answer.ts";
import type { Corpus } from "./corpus.ts";
import type { DocsIndex } from "./indexes.ts";
import type { Reader } from "./reader.ts";
import { createTools, type DocsTools } from "./tools.ts";

/** The parts of one version of the agent. */
export interface DocsAgentOptions {
  readonly index: DocsIndex;
  readonly corpus: Corpus;
  readonly reader: Reader;
  /** The instructions given to the model. */
  readonly prompt: string;
}

/** `signal` stops the run before its next step or model call. */
export interface StepOptions {
  readonly signal?: AbortSignal;
}

/** `onStep` is told of each step when it has ended. */
export interface AnswerOptions extends StepOptions {
  readonly onStep?: (report: StepReport) => void;
}

/** An agent that answers from the documentation: in one go, or step by step. */
export interface DocsAgent {
  answer(asked: Asked, options?: AnswerOptions): Promise<Answer>;
  readonly steps: {
    search(asked: Asked, options?: StepOptions): Promise<RunState>;
    read(state: RunState, options?: StepOptions): Promise<RunState>;
    answer(state: RunState, options?: StepOptions): Promise<Answer>;
  };
}

interface CallOptions {
  readonly exclude: string | null;
}

const callOptions: z.ZodType<CallOptions> = z.object({ exclude: z.string().nullable() });
const stepsOfRun = 3;

function stepNamed(toolCalls: readonly { readonly toolName: string }[]): StepName {
  const tool = toolCalls[0]?.toolName;
  if (tool === undefined) return "answer";
  return tool === "search_docs" ? "search" : "read";
}

/** Puts one version of the agent together. Both ways of running it give the same answer to the same question. */
export function createDocsAgent({ index, corpus, reader, prompt }: DocsAgentOptions): DocsAgent {
  const looping = (mostSteps: number): ToolLoopAgent<CallOptions, DocsTools> =>
    new ToolLoopAgent<CallOptions, DocsTools>({
      model: reader.model,
      instructions: prompt,
      tools: createTools(index, corpus),
      toolsContext: { search_docs: { exclude: null } },
      stopWhen: isStepCount(mostSteps),
      callOptionsSchema: callOptions,
      prepareCall: ({ options, ...call }) => ({ ...call, toolsContext: { search_docs: options } }),
    });
  const wholeRun = looping(stepsOfRun);
  const oneStep = looping(1);

  const advance = async (
    agent: ToolLoopAgent<CallOptions, DocsTools>,
    state: RunState,
    { signal, onStep }: AnswerOptions = {},
  ): Promise<RunState> => {
    signal?.throwIfAborted();
    if (state.text !== "") return state;
    const steps = [...state.steps];
    let startedAt = performance.now();
    const result = await agent.generate({
      messages: [...state.messages],
      options: { exclude: state.asked.exclude ?? null },
      ...(signal === undefined ? {} : { abortSignal: signal }),
      onStepEnd: ({ toolCalls, usage, response }) => {
        const endedAt = performance.now();
        const report: StepReport = {
          step: stepNamed(toolCalls),
          servedModel: response.modelId,
          toolCalls: toolCalls.length,
          inputTokens: usage.inputTokens ?? 0,
          outputTokens: usage.outputTokens ?? 0,
          latencyMs: endedAt - startedAt,
        };
        startedAt = endedAt;
        steps.push(report);
        onStep?.(report);
      },
    });
    return { ...state, messages: [...state.messages, ...result.responseMessages], steps, text: result.text };
  };

  return {
    answer: async (asked, options) => answerOf(await advance(wholeRun, opening(asked), options)),
    steps: {
      search: (asked, options) => advance(oneStep, opening(asked), options),
      read: (state, options) => advance(oneStep, state, options),
      answer: async (state, options) => answerOf(await advance(oneStep, state, options)),
    },
  };
}
