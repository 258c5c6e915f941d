import type { Digest } from "@verdigris/contracts";
import type { JudgeCard } from "./judge-card.ts";

interface ComparedMetric {
  /** Name of the metric: a member of `scores` in the results. */
  readonly metric: string;
  /** The largest loss that still counts as no worse, in score units: 0.03 is three points. Above 0. */
  readonly margin: number;
  /** The candidate's mean must reach it, whatever the baseline does. @default no floor */
  readonly floor?: number;
}

/** A structured check: exact match, schema, trajectory. `mustPass` cases must reach `passAt` on each of these. */
export interface PassRateMetric extends ComparedMetric {
  readonly kind: "pass-rate";
  /** The score at which one repeat of a case has passed. @default 1 */
  readonly passAt?: number;
}

/** The axis that exact checks miss, given by a judge with a card or by people. */
export type QualityMetric = ComparedMetric & { readonly kind: "quality" } & (
    | { readonly by: "human" }
    | {
        readonly by: "judge";
        readonly judge: JudgeCard;
        /** The lower end of kappa's interval below which the judge may not gate. @default 0.4 */
        readonly kappaFloor?: number;
      }
  );

/** Safety, privacy: something that must hardly ever happen. Not compared but bounded. */
export interface RareEventMetric {
  readonly kind: "rare-event";
  readonly metric: string;
  /** Largest rate of events that the exact one-sided upper bound may reach: 0.01 needs 299 cases without one at α 0.05. */
  readonly ceiling: number;
  /** A score below it is an event. @default 1 */
  readonly okAt?: number;
}

/** One metric of a policy. */
export type MetricPolicy = PassRateMetric | QualityMetric | RareEventMetric;

/** A slice that must hold on its own: it gets its own margins and joins the conjunction. */
export interface CriticalSlice {
  readonly slice: string;
  /** Margin per metric; metrics left out are not judged on this slice. */
  readonly margins: Readonly<Record<string, number>>;
}

/** What the eval set must represent of production. */
export interface CoveragePolicy {
  /** Fails above it; warns above half of it. Total variation between production and set. @default 0.15 */
  readonly maxDistance?: number;
  /** Fails above it; warns above half of it. Production mass in slices with fewer than `minCases` cases. @default 0.05 */
  readonly maxUncovered?: number;
  /** Slices with at least this share of production must be present in proportion. @default 0.02 */
  readonly minShare?: number;
  /** Fails below it; warns below half way to 1. Set share over production share of such a slice. @default 0.5 */
  readonly minRatio?: number;
  /** @default 5 */
  readonly minCases?: number;
  /** Fewer production runs than this say nothing. @default 200 */
  readonly minRuns?: number;
  /**
   * What a failed coverage means: `fail`, or judge the metrics weighted to production wherever every slice has cases.
   * @default "fail"
   */
  readonly onFail?: "fail" | "post-stratify";
  /** Whether a gate without production counts may pass. @default false */
  readonly required?: boolean;
}

/** What is agreed before results exist. */
export interface GatePolicyInput {
  /** At least one, each metric once. */
  readonly metrics: readonly MetricPolicy[];
  /** One-sided error of each bound. @default 0.05 */
  readonly alpha?: number;
  /** @default none */
  readonly critical?: readonly CriticalSlice[];
  readonly coverage?: CoveragePolicy;
  /** Planned looks: 2 allows one top-up and spends half of α on each. @default 1 */
  readonly looks?: 1 | 2;
  /** A loss that is certain but within the margin fails too. @default false */
  readonly strict?: boolean;
  /** Share of cases that may be left out because a score is missing. @default 0 */
  readonly maxUnmeasured?: number;
  /** Slices are screened for a loss of at least this much. @default 0.1 */
  readonly sliceDrop?: number;
}

/** A checked, frozen policy with every default written out, and its digest. */
export interface GatePolicy {
  readonly v: 1;
  readonly metrics: readonly MetricPolicy[];
  readonly alpha: number;
  readonly critical: readonly CriticalSlice[];
  readonly coverage: Required<CoveragePolicy>;
  readonly looks: 1 | 2;
  readonly strict: boolean;
  readonly maxUnmeasured: number;
  readonly sliceDrop: number;
  readonly digest: Digest;
}
