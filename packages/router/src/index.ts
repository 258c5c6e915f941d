export { type Assign, compileAssign } from "./assign.ts";
export { type AuditFacts, textDigest, withAudit } from "./audit.ts";
export type { Past } from "./begin-route.ts";
export { bucketOf, seedOf } from "./bucket.ts";
export { checkRequest, type Decision, type DecisionContext, decideMove } from "./decide-move.ts";
export { createEventHub, type EventHub } from "./event-hub.ts";
export { isForward } from "./move-direction.ts";
export type { NodeFacts, NodeOptions } from "./node-keeper.ts";
export { type AppliedRoute, readRoute } from "./route-snapshot.ts";
export { completePolicy, defaultPolicy, drainedBy, timeMarginMs } from "./route-terms.ts";
export {
  applyMove,
  type MoveContext,
  type RouteDraft,
  type Transition,
} from "./route-transitions.ts";
export { createStoreRouter, type StoreRouter, type StoreRouterOptions } from "./store-router.ts";
export { createStoreTime, type StoreTime } from "./store-time.ts";
export {
  type AuditCheck,
  type AuditExport,
  type AuditHole,
  type AuditLine,
  exportAudit,
  listAudit,
  verifyAudit,
} from "./verify-audit.ts";
