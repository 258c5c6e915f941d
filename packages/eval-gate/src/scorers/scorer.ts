import type { JsonValue, ModelUsage } from "@verdigris/contracts";
import type { EvalCase } from "../eval-set/eval-set.ts";
import type { ScorerIdentity } from "../results/results.ts";

/** What a scorer is given: one answer to one case. */
export interface ScoreRequest {
  readonly case: EvalCase;
  readonly input: JsonValue;
  /** Absent where the case names none. */
  readonly expected?: JsonValue;
  /** What the target returned, untouched. */
  readonly output: unknown;
  readonly repeat: number;
  /** Fires when the run is stopped or the scorer has taken too long. */
  readonly signal: AbortSignal;
  /** Records what a judge's model call used; it is kept apart from the target's own cost. */
  usage(used: ModelUsage): void;
}

/** A score in [0, 1], higher is better; a boolean is 1 or 0. `null` says that there is none, which is never 0. */
export type Score =
  | number
  | boolean
  | null
  | { readonly score: number | boolean | null; readonly reason?: string };

/** Gives one metric its score. What it throws becomes an error of that metric; other metrics keep their scores. */
export interface Scorer {
  readonly identity: ScorerIdentity;
  score(request: ScoreRequest): Score | Promise<Score>;
}
