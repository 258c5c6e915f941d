import type { JsonValue } from "@verdigris/contracts";

/** Why a run has no answer. */
export type RunFailure = "threw" | "timed-out" | "unreadable-answer";

/** One tool call of a run, as it is compared. */
export interface ObservedCall {
  readonly tool: string;
  /** The canonical JSON of its first argument; null where that was no JSON. */
  readonly args: string | null;
  /** `ran`: the tool itself. `recorded`: answered from the live run's recording. `refused`: told that it is not allowed. */
  readonly answered: "ran" | "recorded" | "refused";
}

/** What a run did, as far as it is compared. Plain JSON. */
export interface Observation {
  /** Null where the run failed. */
  readonly answer: JsonValue;
  readonly failure: RunFailure | null;
  readonly calls: readonly ObservedCall[];
  readonly durationMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Null as soon as one model call had no price. */
  readonly cost: number | null;
}

/** One tool call of a live run with what the tool answered: JSON text of both. */
export interface RecordedCall {
  readonly tool: string;
  /** Null where the argument was no JSON: such a call is compared, and never answered from. */
  readonly args: string | null;
  /** Absent where the tool threw, or answered with what JSON cannot hold. */
  readonly result?: string;
  /** What the tool threw, as text. */
  readonly error?: string;
}
