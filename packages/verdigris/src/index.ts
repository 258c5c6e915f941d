export {
  adviseRollout,
  type BundleDiff,
  defineBundle,
  diffBundles,
  digestOf,
  manifestOf,
  type PieceCheck,
  type PieceDrift,
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
  type RunScore,
  type Signal,
  type SignalReader,
  type TrafficClass,
  VerdigrisError,
  type VerdigrisEvents,
} from "@verdigris/contracts";
export {
  type ActorInput,
  type AuthorizeAnswer,
  type AuthorizeContext,
  adviseStrategy,
  type DrainReport,
  type Identity,
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
export type { BlameLine, FiguresChange } from "./blame.ts";
export { createVerdigris } from "./create-verdigris.ts";
export type { Notice, NoticeLine } from "./list-notices.ts";
export type { Observations } from "./observations.ts";
export type { MoveFacts, MoveReceipt, SafeMoveFacts, VerdigrisOptions } from "./options.ts";
export type { RecordKeeping } from "./record-keeping.ts";
export type { Authorize, Verb } from "./verb.ts";
export type { BundleLine, Verdigris, VerdigrisStatus } from "./verdigris.ts";
export type { PieceOptions } from "./watch-pieces.ts";
