export { defineEvalSet } from "./eval-set/define-eval-set.ts";
export type { EvalCase, EvalCaseInput, EvalSet, EvalSetInput, EvalSetRef } from "./eval-set/eval-set.ts";
export { checkEvidence, type EvidenceCheck, type EvidenceDemand } from "./evidence/check-evidence.ts";
export type {
  ArmRef,
  ComparedCases,
  GateEvidence,
  GateNote,
  GateNoteCode,
  GateReason,
  GateReasonCode,
  GateRemark,
  LookRecord,
} from "./evidence/evidence.ts";
export type {
  Bounds,
  CaseList,
  ComparedFinding,
  GatePlan,
  IntervalMethod,
  Lever,
  MustPassFinding,
  NoiseFloor,
  RareEventFinding,
  SliceFinding,
} from "./evidence/findings.ts";
export { gateAnswer } from "./evidence/gate-answer.ts";
export {
  type ArmScores,
  type ComparedCase,
  type Comparison,
  type MetricScores,
  metricScores,
} from "./gate/comparison.ts";
export type { Strata } from "./gate/estimate.ts";
export { evaluateGate } from "./gate/evaluate-gate.ts";
export type { FirstLook, GateOptions } from "./gate/gate-options.ts";
export type { PromptText } from "./gate/held-out.ts";
export { type ComparedFindings, type JudgeOptions, judgeMetrics } from "./gate/judge-metrics.ts";
export { definePolicy } from "./policy/define-policy.ts";
export type { JudgeCard, JudgeIdentity } from "./policy/judge-card.ts";
export type {
  CoveragePolicy,
  CriticalSlice,
  GatePolicy,
  GatePolicyInput,
  MetricPolicy,
  PassRateMetric,
  QualityMetric,
  RareEventMetric,
} from "./policy/policy.ts";
export type { CoverageReport, ProductionSlices, SliceCoverage } from "./production/coverage-report.ts";
export { type CoverageOptions, measureCoverage } from "./production/measure-coverage.ts";
export { countSlices, type RunFeatures, type SliceFeature, sliceOf } from "./production/slice-of.ts";
export { createResultsBuilder, defineResults, type ResultsBuilder } from "./results/define-results.ts";
export { type ReadResultsOptions, readResults, resultsLine } from "./results/read-results.ts";
export type {
  AnsweringBundle,
  CaseResult,
  EvalResults,
  RepeatResult,
  ResultError,
  ResultLine,
  ResultsHeader,
  ScorerIdentity,
} from "./results/results.ts";
