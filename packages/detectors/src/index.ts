export { type StoreSourceOptions, storeSource } from "./across/store-source.ts";
export {
  createDetectors,
  type Detectors,
  type DetectorsOptions,
  type WatchTarget,
} from "./create-detectors.ts";
export { createJudge, type Judge } from "./judge.ts";
export {
  createLiveDetectors,
  type LiveDetectors,
  type LiveDetectorsOptions,
} from "./live/create-live-detectors.ts";
export type { LiveScorer, LiveScoring, ScoringCounts } from "./live/live-scores.ts";
export { type CostRegressionOptions, costRegression } from "./rules/cost-regression.ts";
export { type CustomFinding, custom, type EventRateOptions, eventRate } from "./rules/custom.ts";
export { hardErrors } from "./rules/hard-errors.ts";
export { type LatencyRegressionOptions, latencyRegression } from "./rules/latency-regression.ts";
export { type PassRateFloorOptions, passRateFloor } from "./rules/pass-rate-floor.ts";
export type { RateRuleOptions } from "./rules/rate-rule.ts";
export type { Look, RegressionOptions, Rule, RuleOptions } from "./rules/rule.ts";
export { type MetricSource, recorderSource } from "./source.ts";
export { type Cohort, type CohortRecord, cohortFromJson, cohortToJson } from "./windows/cohort.ts";
export type { Histogram } from "./windows/histogram.ts";
export { createRecorder, type RunEnding, type RunFacts, type RunRecorder } from "./windows/recorder.ts";
