export { checkLinearizability, type LinearizabilityOptions } from "./check-linearizability.ts";
export type { LinearizabilityVerdict, Operation, SequentialModel } from "./history.ts";
export { createRouteModel, type RouteAnswer, type RouteInput, type RouteState } from "./route-model.ts";
