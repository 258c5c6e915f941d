export type {
  GateAnswer,
  GateContext,
  HookCall,
  Notify,
  ReadSignals,
  ReleaseGate,
  ReleaseHook,
  ReleaseNotice,
  ReleasePlan,
  ReleaseRecord,
  SignalTarget,
  StateLayer,
} from "@verdigris/contracts";
export type { WayBackCheck, WayBackFinding } from "./back/check-way-back.ts";
export type { DeniedBundle } from "./back/deny-list.ts";
export { drillBudgetMs } from "./back/drill.ts";
export type { DrillReport, DrillTimes } from "./back/drill-records.ts";
export type { Impact } from "./back/impact.ts";
export type { RollbackReport } from "./back/roll-back.ts";
export { judgeTarget, type TargetHealth } from "./back/rollback-target.ts";
export { createReleases } from "./create-releases.ts";
export type { Driver } from "./drive/driver.ts";
export { type Patience, patientGate } from "./drive/patient-gate.ts";
export type { ReleasePorts, TouchedRun } from "./drive/ports.ts";
export type { AskedEvent, ReleaseEvent, ReleaseRefusal, SeenEvent, Transition } from "./machine/events.ts";
export { evidenceDigest, phasesOf } from "./machine/record.ts";
export { transition } from "./machine/transition.ts";
export { type Duration, durationMs, durationText } from "./plan/duration.ts";
export { explainPlan, type PhaseForecast, type PlanForecast, type TrafficFacts } from "./plan/explain.ts";
export { defineReleasePlan } from "./plan/plan.ts";
export type { GateInput, ReleasePlanInput, SignalInput } from "./plan/plan-input.ts";
export type { HistoryLine } from "./records/history.ts";
export { type ReleaseStatus, waitsFor } from "./records/release-status.ts";
export type { ReleaseStep } from "./records/release-store.ts";
export type {
  Asking,
  OnCall,
  OnCallOptions,
  Releases,
  ReleasesOptions,
  ReleaseVerb,
  StartOptions,
} from "./releases.ts";
