import type { BundleId, JsonValue, Labels } from "@verdigris/contracts";
import type { Observation, RecordedCall } from "./observation.ts";

/** One production input to be mirrored. Plain JSON: it may travel through a queue of the caller's to another process. */
export interface ShadowJob {
  readonly v: number;
  /** Own id of the mirrored run, never the user's. */
  readonly id: string;
  readonly agent: string;
  readonly blue: BundleId;
  readonly green: BundleId;
  readonly input: JsonValue;
  readonly key: string | null;
  readonly labels: Labels;
  readonly slice: string | null;
  /** What the user's run did. */
  readonly observed: Observation;
  readonly recording: readonly RecordedCall[];
  /** Runs that measure how far each bundle lies from itself. */
  readonly again: { readonly blue: boolean; readonly green: boolean };
  /** Wall-clock time (ms) after which nobody may run it any more. */
  readonly expires: number;
}

/** What one view found on one job: distances, or that it could not tell. */
export interface ViewReport {
  readonly view: string;
  /** Blue and green; null where the view did not apply. */
  readonly between: number | null;
  /** Blue and blue again; null where blue ran once. */
  readonly blue: number | null;
  /** Green and green again; null where green ran once. */
  readonly green: number | null;
  /** What the comparator threw, as text. */
  readonly error: string | null;
}

/** How the tool calls of shadow runs were answered. */
export interface ToolAnswers {
  readonly ran: number;
  readonly recorded: number;
  readonly refused: number;
}

/**
 * How true a comparison is: the tool calls of green's runs, and of blue's second run. Blue asks again what it asked
 * before, so where green is refused more than blue, part of what looks like green's doing is the sandbox's.
 */
export interface Fidelity {
  readonly blue: ToolAnswers;
  readonly green: ToolAnswers;
}

/** One side of a comparison, as an example shows it. */
export interface ExampleSide {
  readonly answer: JsonValue;
  readonly failure: string | null;
  readonly calls: readonly { readonly tool: string; readonly answered: string }[];
  readonly durationMs: number;
  readonly tokens: number;
  readonly cost: number | null;
}

/** What a mirrored job found. Plain JSON: it may come from another process. */
export interface ShadowReport {
  readonly v: number;
  readonly job: string;
  readonly blue: BundleId;
  readonly green: BundleId;
  readonly key: string | null;
  readonly slice: string | null;
  readonly views: readonly ViewReport[];
  readonly fidelity: Fidelity;
  /** Index of the first tool call on which blue and green differ; null where they do not. */
  readonly divergedAt: number | null;
  readonly durationMs: { readonly blue: number; readonly green: number };
  readonly tokens: { readonly blue: number; readonly green: number };
  readonly cost: { readonly blue: number | null; readonly green: number | null };
  readonly failures: { readonly blue: boolean; readonly green: boolean };
  /** Input and answers, redacted; null where no content may be kept. */
  readonly example: {
    readonly input: JsonValue;
    readonly blue: ExampleSide;
    readonly green: ExampleSide;
  } | null;
  /** Wall-clock time (ms) after which the example may not be shown any more. */
  readonly expires: number;
}
