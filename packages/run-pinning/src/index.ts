export {
  type ActorInput,
  type Authority,
  type AuthorityOptions,
  type Authorize,
  type AuthorizeAnswer,
  type AuthorizeContext,
  createAuthority,
  type Identity,
} from "./authority.ts";
export { createRunPinning, type RunPinning, type RunPinningOptions } from "./create-run-pinning.ts";
export type { BundleStatus, DrainProof, DrainReport } from "./drain.ts";
export type { ScopeStorage } from "./host.ts";
export { exactCountLimit, type InFlightRun, type RunCount } from "./in-flight.ts";
export { throughInstruments } from "./instrument.ts";
export type { RecycleBlocker, RecycleCheck, RecycleResult } from "./recycle.ts";
export type { FinishResult, Run, StartOptions, StartResult, StepContext } from "./run-types.ts";
export { adviseStrategy, type StrategyAdvice, type StrategyFacts } from "./strategy-advice.ts";
export { formatToken, parseToken, type RunClaim, tokenFromBaggage, tokenToBaggage } from "./token.ts";
