import {
  type BundleRecord,
  decodeRecord,
  InvalidArgumentError,
  type MoveRequest,
  type MoveResult,
  type Route,
  type RouteMove,
  requireId,
  type StoreEntry,
  type StoreOp,
} from "@verdigris/contracts";
import { isForward } from "./move-direction.ts";
import { requireAudience, requirePercent } from "./route-terms.ts";
import { applyMove, type RouteDraft } from "./route-transitions.ts";

const verbs: Readonly<Record<RouteMove["verb"], true>> = {
  open: true,
  stage: true,
  setCanary: true,
  flip: true,
  settle: true,
  rollback: true,
  drop: true,
  seal: true,
  unseal: true,
  recycle: true,
  hold: true,
  release: true,
};

function checkMove(move: RouteMove): void {
  if (!Object.hasOwn(verbs, move.verb)) {
    throw new InvalidArgumentError("move.verb", `must be one of ${Object.keys(verbs).join(", ")}`);
  }
  if ("bundle" in move) requireId("bundle", move.bundle);
  if (move.verb === "open") requireId("incarnation", move.incarnation);
  if (move.verb === "hold" && (typeof move.why !== "string" || move.why.length > 1_000)) {
    throw new InvalidArgumentError("why", "must be text of at most 1,000 characters");
  }
  if (move.verb !== "setCanary") return;
  requirePercent("percent", move.percent);
  if (move.include !== undefined) requireAudience("include", move.include);
  if (move.exclude !== undefined) requireAudience("exclude", move.exclude);
}

/** Checks everything about a request that needs no route; throws `invalid-argument`. */
export function checkRequest(request: MoveRequest): void {
  const { move, actor, expect } = request;
  checkMove(move);
  if (request.requestId !== undefined) requireId("requestId", request.requestId);
  if (
    !["person", "machine", "policy"].includes(actor.kind) ||
    typeof actor.id !== "string" ||
    actor.id === "" ||
    actor.id.length > 256
  ) {
    throw new InvalidArgumentError(
      "actor",
      'must be { kind: "person" | "machine" | "policy", id } with an id of 1 to 256 characters',
    );
  }
  if (typeof request.reason !== "string" || request.reason.length > 2_000) {
    throw new InvalidArgumentError("reason", "must be text of at most 2,000 characters");
  }
  if (expect !== undefined && !(Number.isSafeInteger(expect) && expect >= 0)) {
    throw new InvalidArgumentError(
      "expect",
      `must be a generation (a whole number, 0 for no route yet), got ${expect}`,
    );
  }
}

/** The bundle whose record a move depends on: it must be registered, and stay so until the commit. */
export function bundleOf(request: MoveRequest): string | null {
  const { move } = request;
  const { verb } = move;
  return verb === "open" || verb === "stage" || verb === "flip" || verb === "recycle" ? move.bundle : null;
}

/** What a request comes to against the route as it was read: an answer, or a route to commit. */
export type Decision =
  | { readonly answer: MoveResult }
  | {
      readonly answer: null;
      readonly draft: RouteDraft;
      readonly record: StoreOp | null;
      /** The bundle comes live where it was not: somebody has to serve it. */
      readonly needsServing: boolean;
    };

function early(route: Route | null, request: MoveRequest, requestId: string): MoveResult | null {
  const before = route?.recent.find((recent) => recent.requestId === requestId);
  if (route !== null && before !== undefined) {
    if (before.verb === request.move.verb)
      return { outcome: "duplicate", generation: before.generation, route };
    throw new InvalidArgumentError(
      "requestId",
      `${requestId} already stands for the ${before.verb} of generation ${before.generation}: give a ${request.move.verb} its own`,
    );
  }
  if (request.expect === undefined) {
    if (!isForward(route, request.move)) return null;
    throw new InvalidArgumentError(
      "expect",
      `is required for ${request.move.verb}: pass the generation you decided on`,
    );
  }
  return request.expect === (route?.generation ?? 0) ? null : { outcome: "conflict", route };
}

/** A move on the bundle's record: held still while the bundle comes on the route, marked when it is recycled and unmarked when it comes back. */
function recordOp(request: MoveRequest, draft: RouteDraft, entry: StoreEntry): StoreOp {
  const { key, rev } = entry;
  const record = decodeRecord<BundleRecord>(key, entry.value);
  if (request.move.verb === "recycle") {
    return { op: "put", key, rev, value: JSON.stringify({ ...record, recycled: draft.generation }) };
  }
  const { recycled, ...registered } = record;
  // A recycled bundle that comes back needs its pieces again: a clean-up must not take it for recycled.
  return recycled === undefined
    ? { op: "check", key, rev }
    : { op: "put", key, rev, value: JSON.stringify(registered) };
}

/** Decides a request from what was read in one moment. Pure apart from throwing `invalid-argument`. */
export function decideMove(
  route: Route | null,
  record: StoreEntry | null,
  request: MoveRequest,
  context: { readonly at: number; readonly requestId: string; readonly agent: string },
): Decision {
  const answer = early(route, request, context.requestId);
  if (answer !== null) return { answer };
  const transition = applyMove(route, request.move, { ...context, actor: request.actor });
  if (transition.kind === "refused") {
    return {
      answer: { outcome: "refused", refusal: transition.refusal, message: transition.message, route },
    };
  }
  if (transition.kind === "unchanged") {
    return {
      answer:
        route === null
          ? { outcome: "conflict", route }
          : { outcome: "unchanged", generation: route.generation, route },
    };
  }
  const bundle = bundleOf(request);
  if (bundle !== null && record === null) {
    const message = `${bundle} is not registered with ${context.agent}: register it first`;
    return { answer: { outcome: "refused", refusal: "bundle-unknown", message, route } };
  }
  return {
    answer: null,
    draft: transition.route,
    needsServing: request.move.verb === "flip" && isForward(route, request.move),
    record: record === null ? null : recordOp(request, transition.route, record),
  };
}
