import {
  type BundleId,
  type BundleRecord,
  decodeRecord,
  InvalidArgumentError,
  type MoveRequest,
  type MoveResult,
  type Route,
  type RouteMove,
  recordVersion,
  requireId,
  type StoreEntry,
  type StoreOp,
} from "@verdigris/contracts";
import type { Past } from "./begin-route.ts";
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
  reanchor: true,
  raiseFormat: true,
};

function checkMove(move: RouteMove): void {
  if (!Object.hasOwn(verbs, move.verb)) {
    throw new InvalidArgumentError("move.verb", `must be one of ${Object.keys(verbs).join(", ")}`);
  }
  if ("bundle" in move) requireId("bundle", move.bundle);
  if ("incarnation" in move) requireId("incarnation", move.incarnation);
  if (move.verb === "reanchor" && move.stable !== undefined) requireId("stable", move.stable);
  if (move.verb === "raiseFormat") requireFormat(move.to);
  if (move.verb === "hold" && (typeof move.why !== "string" || move.why.length > 1_000)) {
    throw new InvalidArgumentError("why", "must be text of at most 1,000 characters");
  }
  if (move.verb !== "setCanary") return;
  requirePercent("percent", move.percent);
  if (move.include !== undefined) requireAudience("include", move.include);
  if (move.exclude !== undefined) requireAudience("exclude", move.exclude);
}

/** A process that cannot read a format must not be the one that writes it. */
function requireFormat(to: number): void {
  if (Number.isSafeInteger(to) && to >= 1 && to <= recordVersion) return;
  throw new InvalidArgumentError(
    "to",
    `must be a format this process reads, 1 to ${recordVersion}, got ${to}`,
  );
}

/** Which route is right, and who may be shut out, is for people to decide, and why goes on record. */
function checkDecider({ move, actor, reason }: MoveRequest): void {
  const decides = move.verb === "reanchor" || (move.verb === "raiseFormat" && move.force === true);
  if (!decides) return;
  if (actor.kind === "machine")
    throw new InvalidArgumentError("actor", `must be a person or a policy for ${move.verb}, not a machine`);
  if (reason.trim() === "") throw new InvalidArgumentError("reason", `is required for ${move.verb}: say why`);
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
  checkDecider(request);
  if (expect !== undefined && !(Number.isSafeInteger(expect) && expect >= 0)) {
    throw new InvalidArgumentError(
      "expect",
      `must be a generation (a whole number, 0 for no route yet), got ${expect}`,
    );
  }
}

/** The bundles whose records a move depends on: they must be registered, and stay so until the commit. */
export function bundlesOf({ move }: MoveRequest): readonly BundleId[] {
  switch (move.verb) {
    case "open":
    case "stage":
    case "flip":
    case "recycle":
      return [move.bundle];
    case "reanchor":
      return [...new Set([move.bundle, move.stable ?? move.bundle])];
    default:
      return [];
  }
}

/** What a request comes to against the route as it was read: an answer, or a route to commit. */
export type Decision =
  | { readonly answer: MoveResult }
  | {
      readonly answer: null;
      readonly draft: RouteDraft;
      /** On the bundles' records. */
      readonly records: readonly StoreOp[];
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

/** What a decision rests on beside the route and the request. */
export interface DecisionContext {
  readonly at: number;
  readonly requestId: string;
  readonly agent: string;
  readonly past?: Past;
}

/** Decides a request from what was read in one moment, `recordOf` being that of a bundle it names. Pure apart from throwing `invalid-argument`. */
export function decideMove(
  route: Route | null,
  recordOf: (bundle: BundleId) => StoreEntry | null,
  request: MoveRequest,
  context: DecisionContext,
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
  const records = bundlesOf(request).map((bundle) => ({ bundle, entry: recordOf(bundle) }));
  const unknown = records.find(({ entry }) => entry === null);
  if (unknown !== undefined) {
    const message = `${unknown.bundle} is not registered with ${context.agent}: register it first`;
    return { answer: { outcome: "refused", refusal: "bundle-unknown", message, route } };
  }
  const entries = records.map(({ entry }) => entry).filter((entry) => entry !== null);
  return {
    answer: null,
    draft: transition.route,
    needsServing: request.move.verb === "flip" && isForward(route, request.move),
    records: entries.map((entry) => recordOp(request, transition.route, entry)),
  };
}
