import type { Clock } from "@verdigris/contracts";
import type { EvalSet } from "../eval-set/eval-set.ts";
import type { GateEvidence } from "../evidence/evidence.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { ProductionSlices } from "../production/coverage-report.ts";
import type { EvalResults } from "../results/results.ts";
import type { PromptText } from "./held-out.ts";

/** The first of two planned looks. The second must hold all its results, unchanged, and more. */
export interface FirstLook {
  readonly evidence: GateEvidence;
  /** The results it judged; null for a first bundle. */
  readonly baseline: EvalResults | null;
  readonly candidate: EvalResults;
}

/** What a gate judges. */
export interface GateOptions {
  readonly set: EvalSet;
  /** Results of the bundle that is live, or `first-bundle` where there is none: floors and ceilings only, recorded as such. */
  readonly baseline: EvalResults | "first-bundle";
  /** Results of the bundle that wants to go forward. */
  readonly candidate: EvalResults;
  readonly policy: GatePolicy;
  /** What production was seen to ask. @default coverage is not judged, and the verdict says so */
  readonly production?: ProductionSlices;
  /**
   * Prompt texts of both bundles: a case that stands in one is named and left out.
   * @default not looked at, and the verdict says so
   */
  readonly prompts?: readonly PromptText[];
  /**
   * A second run of the baseline on the same cases, by the same scorers: blue against itself, beside the verdict.
   * @default one half of the baseline's repeats against the other
   */
  readonly baselineAgain?: EvalResults;
  /** The first look, where the policy plans two and the first was inconclusive. @default this is the first */
  readonly previous?: FirstLook;
  /** @default systemClock */
  readonly clock?: Clock;
}
