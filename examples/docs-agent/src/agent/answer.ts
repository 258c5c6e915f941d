import type { ModelMessage } from "ai";

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

const source = /Source: (\/docs\/\S+)$/;

/** The state of a run before its first step. */
export function opening(asked: Asked): RunState {
  return { asked, messages: [{ role: "user", content: asked.text }], steps: [], text: "" };
}

/** The outcome of a run whose last step has ended. */
export function answerOf({ text, steps }: RunState): Answer {
  const total = (read: (report: StepReport) => number): number =>
    steps.reduce((sum, report) => sum + read(report), 0);
  return {
    text,
    citation: source.exec(text)?.[1] ?? null,
    inputTokens: total((report) => report.inputTokens),
    outputTokens: total((report) => report.outputTokens),
    toolCalls: total((report) => report.toolCalls),
    latencyMs: total((report) => report.latencyMs),
    steps,
  };
}
