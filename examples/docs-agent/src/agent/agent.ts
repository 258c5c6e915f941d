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

/** `signal` stops the run before its next step or model call; `wrap` stands between the agent and its tools. */
export interface StepOptions {
  readonly signal?: AbortSignal;
  readonly wrap?: (tools: DocsTools) => DocsTools;
}

/** `onStep` is told of each step when it has ended. */
interface AnswerOptions extends StepOptions {
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
  const own = createTools(index, corpus);
  const looping = (mostSteps: number, tools = own): ToolLoopAgent<CallOptions, DocsTools> =>
    new ToolLoopAgent<CallOptions, DocsTools>({
      model: reader.model,
      instructions: prompt,
      tools,
      toolsContext: { search_docs: { exclude: null } },
      stopWhen: isStepCount(mostSteps),
      callOptionsSchema: callOptions,
      prepareCall: ({ options, ...call }) => ({ ...call, toolsContext: { search_docs: options } }),
    });
  const wholeRun = { mostSteps: stepsOfRun, agent: looping(stepsOfRun) };
  const oneStep = { mostSteps: 1, agent: looping(1) };

  const advance = async (
    usual: typeof wholeRun,
    state: RunState,
    { signal, wrap, onStep }: AnswerOptions = {},
  ): Promise<RunState> => {
    signal?.throwIfAborted();
    if (state.text !== "") return state;
    const agent = wrap === undefined ? usual.agent : looping(usual.mostSteps, wrap(own));
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
