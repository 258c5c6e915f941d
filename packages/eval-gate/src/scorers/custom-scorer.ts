import { canonicalJson, InvalidArgumentError } from "@verdigris/contracts";

import type { ScorerIdentity } from "../results/results.ts";
import type { ScoreRequest, Scorer } from "./scorer.ts";

/** What every scorer of this package can be told. */
export interface ScorerOptions {
  /** Name of the metric in results and policy. @default the scorer's own name */
  readonly metric?: string;
  /**
   * What is compared, taken from the target's output. Name another `version` when you change it.
   * @default the output as it is
   */
  readonly select?: (output: unknown) => unknown;
  /** Said when `select` changes: results of two versions are not compared. @default "1" */
  readonly version?: string;
}

/** What {@link customScorer} is made from. */
export interface CustomScorerOptions {
  /** Name of the metric in results and policy. */
  readonly metric: string;
  /** Change it whenever the scorer may give another score to the same answer: such results are not compared. */
  readonly version: string;
  readonly score: Scorer["score"];
}

/** A scorer of your own. Its version is yours to keep: two results are compared only if it is the same. */
export function customScorer({ metric, version, score }: CustomScorerOptions): Scorer {
  if (typeof score !== "function") throw new InvalidArgumentError("score", "must be a function");
  return Object.freeze({ identity: identityOf("custom", { metric, version }), score });
}

/**
 * Identity of a scorer. Settings that change scores are part of the version, so that results scored under other
 * settings are never compared by accident.
 */
export function identityOf(
  scorer: string,
  { metric = scorer, version = "1" }: Pick<ScorerOptions, "metric" | "version">,
  settings: Readonly<Record<string, unknown>> = {},
): ScorerIdentity {
  requireText("metric", metric, 128);
  requireText("version", version, 128);
  const named = Object.entries(settings).filter(([, value]) => value !== undefined);
  const suffix = named.length === 0 ? "" : `;${canonicalJson(Object.fromEntries(named))}`;
  return Object.freeze({ metric, scorer, version: `${version}${suffix}` });
}

/** The part of the output a scorer compares. */
export function selected({ output }: ScoreRequest, { select }: ScorerOptions): unknown {
  return select === undefined ? output : select(output);
}

/** The case's expected answer. A scorer that needs one cannot score a case without: that is an error, not a 0. */
export function expectedOf({ expected, case: { id } }: ScoreRequest): NonNullable<ScoreRequest["expected"]> {
  if (expected === undefined || expected === null) {
    throw new InvalidArgumentError("expected", `is missing in case ${id}, and this scorer needs it`);
  }
  return expected;
}

export function requireText(argument: string, value: unknown, longest: number): asserts value is string {
  if (typeof value !== "string" || value === "" || value.length > longest) {
    throw new InvalidArgumentError(argument, `must be text of 1 to ${longest} characters`);
  }
}
