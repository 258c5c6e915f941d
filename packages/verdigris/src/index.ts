export {
  adviseRollout,
  type BundleDiff,
  defineBundle,
  diffBundles,
  digestOf,
  manifestOf,
  parseBundle,
  type RolloutAdvice,
  type RolloutFacts,
} from "@verdigris/bundle";
export {
  type Actor,
  type Bundle,
  type BundleId,
  type ErrorCode,
  type Instrument,
  type InstrumentedProcess,
  isVerdigrisError,
  type ModelUsage,
  type Route,
  type RunScope,
  type TrafficClass,
  VerdigrisError,
  type VerdigrisEvents,
} from "@verdigris/contracts";
export {
  adviseStrategy,
  type DrainReport,
  type RecycleCheck,
  type Run,
  type ScopeStorage,
  type StartOptions,
  type StartResult,
  type StepContext,
  type StrategyAdvice,
  tokenFromBaggage,
  tokenToBaggage,
} from "@verdigris/run-pinning";
export type { Authorize, AuthorizeAnswer, AuthorizeContext, Identity, Verb } from "./authority.ts";
export { createVerdigris } from "./create-verdigris.ts";
export type { Notice, NoticeLine } from "./list-notices.ts";
export type { ActorInput, MoveFacts, MoveReceipt, SafeMoveFacts, VerdigrisOptions } from "./options.ts";
export type { RecordKeeping } from "./record-keeping.ts";
export type { BundleLine, Verdigris, VerdigrisStatus } from "./verdigris.ts";
