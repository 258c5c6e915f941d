import { isStepCount, type ModelMessage, ToolLoopAgent } from "ai";
import { z } from "zod";
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

/** What is asked; `exclude` hides a page from the search (the page a test question was taken from). */
export interface Asked {
  readonly text: string;
  readonly exclude?: string | null;
}

/** The steps every run takes, in order. */
export type StepName = "search" | "read" | "answer";

/** What one step did. */
export interface StepReport {
  readonly step: StepName;
  /** The model that served the call, with its snapshot. */
  readonly servedModel: string;
  readonly toolCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencyMs: number;
}

/** A run between two steps: plain JSON, to be continued by any process that holds the same version of the agent. */
export interface RunState {
  readonly asked: Asked;
  readonly messages: readonly ModelMessage[];
  readonly steps: readonly StepReport[];
  /** The last words of the model; empty while it calls tools. */
  readonly text: string;
}

/** The outcome of a run. */
export interface Answer {
  readonly text: string;
  /** Address of the page the answer rests on. */
  readonly citation: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly toolCalls: number;
  /** Time spent in steps; a pause between them does not count. */
  readonly latencyMs: number;
  readonly steps: readonly StepReport[];
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
const stepNames = ["search", "read", "answer"] as const;

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
  const wholeRun = looping(stepNames.length);
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
          step: stepNames[steps.length] ?? "answer",
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

function opening(asked: Asked): RunState {
  return { asked, messages: [{ role: "user", content: asked.text }], steps: [], text: "" };
}

function answerOf({ text, steps }: RunState): Answer {
  const total = (read: (report: StepReport) => number): number =>
    steps.reduce((sum, report) => sum + read(report), 0);
  return {
    text,
    citation: /Source: (\/docs\/\S+)$/.exec(text)?.[1] ?? null,
    inputTokens: total((report) => report.inputTokens),
    outputTokens: total((report) => report.outputTokens),
    toolCalls: total((report) => report.toolCalls),
    latencyMs: total((report) => report.latencyMs),
    steps,
  };
}
