export type {
  Bundle,
  BundleId,
  BundleManifest,
  BundleRecord,
  CodePiece,
  Digest,
  EmbeddingModel,
  IndexEntry,
  ModelEntry,
  PromptEntry,
  ToolEntry,
} from "./bundle.ts";
export { canonicalJson, writeCanonical } from "./canonical-json.ts";
export { type Clock, pause, systemClock } from "./clock.ts";
export {
  type ErrorCode,
  type ErrorDetails,
  InvalidArgumentError,
  isVerdigrisError,
  VerdigrisError,
} from "./errors.ts";
export type { RoutingDecision, RunEvents, Unsubscribe, VerdigrisEvents } from "./events.ts";
export type { Instrument, InstrumentedProcess, SignalReader } from "./instrument.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { type AgentKeys, agentKeys, announces, isId, requireId, timeKey } from "./keys.ts";
export type {
  NodeMode,
  NodeRecord,
  NodeSurroundings,
  NodeView,
  Propagation,
  ServesClaim,
  WarmCheck,
} from "./node.ts";
export {
  isPlainObject,
  type JsonIssue,
  joinPath,
  maxJsonIssues,
  type PlainJson,
  type PlainJsonLimits,
  readPlainJson,
} from "./plain-json.ts";
export { createPrefixedStore } from "./prefixed-store.ts";
export { decodeRecord, type VersionedRecord } from "./records.ts";
export type {
  Approval,
  BundleRef,
  GateAttempt,
  GateName,
  ReleaseEffect,
  ReleaseHold,
  ReleaseOutcome,
  ReleasePhase,
  ReleaseRecord,
  ReleaseRollback,
  ReleaseSwitch,
  SeenSignal,
  Skippable,
  SkippedGate,
} from "./release.ts";
export type {
  CanaryStep,
  GatePhase,
  GatePlan,
  ReleasePlan,
  Rollout,
  SignalAction,
  SignalPlan,
} from "./release-plan.ts";
export type {
  GateContext,
  HookCall,
  Notify,
  ReadSignals,
  ReleaseGate,
  ReleaseHook,
  ReleaseNotice,
  SignalTarget,
  StateLayer,
} from "./release-ports.ts";
export { repeatedMembers } from "./repeated-members.ts";
export type {
  Actor,
  Audience,
  AuditEntry,
  AuditGap,
  Canary,
  Hold,
  OnRollback,
  Predecessor,
  RecentMove,
  RefusalReason,
  Retiring,
  Route,
  RouteMove,
  RoutePolicy,
  RouteView,
  Share,
  Strategy,
} from "./route.ts";
export type {
  Assignment,
  Labels,
  MoveRequest,
  MoveResult,
  Router,
  RouterEvents,
  RouteSnapshot,
} from "./router.ts";
export type {
  CostSource,
  ModelUsage,
  PinPointer,
  PinRecord,
  RunId,
  RunOutcome,
  RunScope,
  RunScore,
  ScoredRun,
  TrafficClass,
} from "./run.ts";
export type { Signal, SignalBaseline, SignalStatus } from "./signal.ts";
export {
  type CommitResult,
  type Store,
  type StoreCapabilities,
  type StoreEntry,
  type StoreHint,
  type StoreOp,
  storeLimits,
} from "./store.ts";
export { checkCommit, checkGet, checkList, checkPrefix } from "./store-limits.ts";
export { createStoreWatchers, type StoreWatchers } from "./store-watchers.ts";
export { createTimeLimits, type TimeLimits, timeIsUp } from "./time-limits.ts";
export { type GateAnswer, type Verdict, verdictExitCode } from "./verdict.ts";
export { recordVersion, sdkVersion } from "./version.ts";
