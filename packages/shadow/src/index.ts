export {
  answerDistance,
  type Comparator,
  type CompareContext,
  customDistance,
  defaultComparators,
  failureDistance,
  fieldsDistance,
  firstCallDistance,
  refusalDistance,
  toolsDistance,
} from "./comparator.ts";
export { createShadow } from "./create-shadow.ts";
export { type Divergence, type Margins, mergeDivergence, type ViewEvidence } from "./divergence.ts";
export type { WatchedRun } from "./live-run.ts";
export type { Observation, ObservedCall, RecordedCall, RunFailure } from "./observation.ts";
export { createPressureGauge, type PressureGauge, type PressureOptions } from "./pressure-gauge.ts";
export { renderShadowHtml, renderShadowText } from "./render-shadow.ts";
export type { ShadowSession, ShadowStart } from "./session.ts";
export type { Shadow, ShadowDrop, ShadowEvidence, ShadowStatus } from "./shadow.ts";
export type {
  ExampleSide,
  Fidelity,
  ShadowJob,
  ShadowReport,
  ToolAnswers,
  ViewReport,
} from "./shadow-job.ts";
export type { LiveRun, ShadowExamples, ShadowOptions, ShadowQueue, ShadowSide } from "./shadow-options.ts";
export { judgeDivergence, type ShadowRule, type ShadowVerdict, type ViewVerdict } from "./shadow-verdict.ts";
export type { ShadowBudget, ShadowSpend } from "./spend-account.ts";
export type { ToolPolicy } from "./tool-sandbox.ts";
export type { DivergenceExample } from "./worst-examples.ts";
export type { ToolFunction, ToolWrapper } from "./wrap-tools.ts";
