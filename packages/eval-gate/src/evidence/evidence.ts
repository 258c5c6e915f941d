import type { Digest, Verdict } from "@verdigris/contracts";
import type { EvalSetRef } from "../eval-set/eval-set.ts";
import type { GatePolicy } from "../policy/policy.ts";
import type { CoverageReport } from "../production/coverage-report.ts";
import type { AnsweringBundle, ScorerIdentity } from "../results/results.ts";
import type { ComparedFinding, MustPassFinding, RareEventFinding, SliceFinding } from "./findings.ts";

/** Why a verdict is not `pass`. Codes are API. */
export type GateReasonCode =
  // error: could not be measured
  | "no-baseline"
  | "metric-unmeasured"
  | "cases-unmeasured"
  | "nothing-to-judge"
  | "judge-below-kappa"
  | "must-pass-unchecked"
  | "look-refused"
  // incomparable: not the same question
  | "case-changed"
  | "case-removed"
  | "case-undigested"
  | "scorer-changed"
  | "judge-changed"
  | "repeats-unequal"
  // fail
  | "coverage-failed"
  | "worse"
  | "slice-worse"
  | "below-floor"
  | "over-ceiling"
  | "must-pass-failed"
  // inconclusive
  | "coverage-unknown"
  | "not-confirmed"
  | "floor-not-reached"
  | "ceiling-not-confirmed";

/** What a reader of the verdict must know although it does not decide. Codes are API. */
export type GateNoteCode =
  | "no-quality-axis"
  | "judge-is-candidate"
  | "judge-few-labels"
  | "first-bundle"
  | "same-bundle"
  | "cases-added"
  | "cases-left-out"
  | "case-in-prompt"
  | "held-out-unchecked"
  | "coverage-warns"
  | "coverage-unknown"
  | "post-stratified"
  | "noise-unmeasured"
  | "worse-within-margin";

/** One sentence for people, with what it is about. */
export interface GateRemark<Code extends string> {
  readonly code: Code;
  readonly text: string;
  readonly metric?: string;
  readonly slice?: string;
  /** At most 100 case ids; `text` says how many there are. */
  readonly cases?: readonly string[];
}

/** One thing that stands in the way of `pass`. */
export interface GateReason extends GateRemark<GateReasonCode> {
  /** The verdict that this reason alone asks for; the gate's is the first of error, incomparable, fail, inconclusive. */
  readonly verdict: Exclude<Verdict, "pass">;
}

/** One thing to know. */
export type GateNote = GateRemark<GateNoteCode>;

/** One side of a comparison. */
export interface ArmRef {
  readonly bundle: AnsweringBundle;
  /** Digest of its results. */
  readonly results: Digest;
  readonly startedAt: number;
  readonly runner?: string;
}

/** One look at the data: a planned top-up makes two. */
export interface LookRecord {
  readonly look: 1 | 2;
  readonly at: number;
  readonly verdict: Verdict;
  readonly set: Digest;
  readonly candidateResults: Digest;
  readonly baselineResults: Digest | null;
  /** One-sided error spent on it. */
  readonly alpha: number;
}

/** What was compared, and what was not. */
export interface ComparedCases {
  readonly cases: number;
  /** Independent groups of cases; as many as cases where nobody named clusters. */
  readonly clusters: number;
  readonly repeats: { readonly least: number; readonly most: number };
  /** Cases of the set that the baseline had not been asked yet, at most 100. */
  readonly added: readonly string[];
  /** Cases that took no part, at most 100, and why. */
  readonly leftOut: readonly { readonly case: string; readonly why: "in-prompt" | "unmeasured" }[];
}

/** The whole truth of one gate as plain JSON: reports, tables and JUnit files are views of it. Frozen. */
export interface GateEvidence {
  readonly v: 1;
  readonly kind: "gate-evidence";
  /** SHA-256 over the canonical JSON of everything else here. */
  readonly digest: Digest;
  readonly verdict: Verdict;
  /** 0 pass, 1 fail, 2 error, 3 inconclusive or incomparable. */
  readonly exitCode: number;
  /** One line: verdict, both bundles, and the first reason. */
  readonly summary: string;
  /** Those that ask for the verdict first. */
  readonly reasons: readonly GateReason[];
  readonly notes: readonly GateNote[];
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly set: EvalSetRef & { readonly cases: number };
  /** Null for the first bundle, which has nothing to be compared with. */
  readonly baseline: ArmRef | null;
  readonly candidate: ArmRef;
  readonly policy: GatePolicy;
  readonly scorers: readonly ScorerIdentity[];
  /** Who sees what exact checks miss. */
  readonly qualityAxis: "judge" | "human" | "judge-and-human" | "none";
  readonly compared: ComparedCases;
  /** Null when no production counts were given. */
  readonly coverage: CoverageReport | null;
  /** One per compared metric, then one per critical slice and metric. */
  readonly metrics: readonly ComparedFinding[];
  readonly rareEvents: readonly RareEventFinding[];
  /** The screen of all other slices. */
  readonly slices: readonly SliceFinding[];
  readonly mustPass: MustPassFinding;
  /** This look last. */
  readonly looks: readonly LookRecord[];
}
