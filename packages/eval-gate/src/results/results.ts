import type { BundleId, Digest } from "@verdigris/contracts";
import type { EvalSetRef } from "../eval-set/eval-set.ts";
import type { JudgeIdentity } from "../policy/judge-card.ts";

/** What gave the scores of one metric. Another version or judge is another question. */
export interface ScorerIdentity {
  /** The metric it writes: a member name of `scores`. */
  readonly metric: string;
  /** Name of the scorer: `exact`, `trajectory`, … */
  readonly scorer: string;
  readonly version: string;
  /** Present where a model judges. */
  readonly judge?: JudgeIdentity;
}

/** Which bundle answered. */
export interface AnsweringBundle {
  readonly id: BundleId;
  readonly digest: Digest;
  /** Names or snapshots of its models, so that a judge that judges itself is noticed. @default none known */
  readonly models?: readonly string[];
}

/** First line of a results file: what was asked, of whom, and how it was scored. */
export interface ResultsHeader {
  /** Format of the file. */
  readonly v: 1;
  readonly kind: "eval-results";
  /** The set whose cases were run. */
  readonly set: EvalSetRef;
  readonly bundle: AnsweringBundle;
  readonly scorers: readonly ScorerIdentity[];
  /** Milliseconds since the epoch at which the run began. */
  readonly startedAt: number;
  /** Name and version of what ran it. */
  readonly runner?: string;
}

/** Why there is no score: `target` (the agent threw), `infrastructure` (network, quota, timeout) or `scorer`. */
export interface ResultError {
  readonly kind: "target" | "infrastructure" | "scorer";
  readonly message: string;
}

/** Every further line of a results file: one repeat of one case. Unknown members (an output, a trace id) are kept out. */
export interface ResultLine {
  readonly case: string;
  /** Digest of the case as it was asked; absent where the header's set says it. */
  readonly digest?: Digest;
  /** Counts from 0; a case with K repeats has lines 0 to K - 1 in any order. @default 0 */
  readonly repeat?: number;
  /** One number in [0, 1] per metric, higher is better. `null` or absent: not measured, which is never 0. */
  readonly scores: Readonly<Record<string, number | null>>;
  readonly error?: ResultError;
  readonly durationMs?: number;
  /** Unit of the caller's price table. */
  readonly cost?: number;
}

/** One repeat of one case, as the gate reads it. */
export interface RepeatResult {
  readonly repeat: number;
  readonly scores: Readonly<Record<string, number | null>>;
  readonly error: ResultError | null;
  readonly durationMs: number | null;
  readonly cost: number | null;
}

/** All repeats of one case, in order of `repeat`. */
export interface CaseResult {
  readonly case: string;
  readonly digest: Digest | null;
  readonly repeats: readonly RepeatResult[];
}

/** The results of one bundle on one eval set: checked numbers, no outputs. */
export interface EvalResults {
  readonly header: ResultsHeader;
  /** By case id, in the order first met. */
  readonly cases: ReadonlyMap<string, CaseResult>;
  /** SHA-256 over what is said here, whatever the order of the lines was. */
  readonly digest: Digest;
}
