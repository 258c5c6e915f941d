import type { JsonValue, ModelUsage } from "@verdigris/contracts";

/** What a target is told beside the input. */
export interface TargetContext {
  /** Id of the case. */
  readonly case: string;
  /** Counts from 0. */
  readonly repeat: number;
  /** Counts from 1; above 1 after an infrastructure error. */
  readonly attempt: number;
  /**
   * Unique to this run, case and repeat. Make it part of every cache key on the way to the model (or turn caches off):
   * a repeat answered from a cache measures nothing.
   */
  readonly nonce: string;
  /** Fires when the run is stopped or the attempt has taken too long. Hand it to whatever waits. */
  readonly signal: AbortSignal;
  /** Records what one model call used. Calls of failed attempts count too: they were paid for. */
  usage(used: ModelUsage): void;
}

/** What is evaluated: usually a call of a pipeline. What it returns is scored; what it throws is never a score. */
export type EvalTarget = (input: JsonValue, context: TargetContext) => unknown;
