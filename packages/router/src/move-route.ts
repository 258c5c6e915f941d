import {
  type AgentKeys,
  type Clock,
  InvalidArgumentError,
  isVerdigrisError,
  type MoveRequest,
  type MoveResult,
  type Route,
  requireId,
  type Store,
  type StoreEntry,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { withAudit } from "./audit.ts";
import { isForward } from "./move-direction.ts";
import { type AppliedRoute, readRoute } from "./route-snapshot.ts";
import { applyMove } from "./route-transitions.ts";
import type { StoreTime } from "./store-time.ts";

/** Reads the route, and other keys in the same moment. */
export type ReadRoute = (
  more: readonly string[],
) => Promise<{ readonly found: AppliedRoute | null; readonly others: readonly (StoreEntry | null)[] }>;

interface MoverOptions {
  readonly agent: string;
  readonly keys: AgentKeys;
  readonly store: Store;
  readonly time: StoreTime;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly read: ReadRoute;
  readonly accept: (found: AppliedRoute) => void;
}

type Attempt = MoveResult | "lost-race" | "no-reply";

/** A move that names no generation decides again this often when another one got in between. */
const retries = 3;

function checkRequest(request: MoveRequest): void {
  const { move, actor, expect } = request;
  if ("bundle" in move) requireId("bundle", move.bundle);
  if (request.requestId !== undefined) requireId("requestId", request.requestId);
  if (
    !["person", "machine", "policy"].includes(actor.kind) ||
    typeof actor.id !== "string" ||
    actor.id === ""
  ) {
    throw new InvalidArgumentError("actor", 'must be { kind: "person" | "machine" | "policy", id }');
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

/** Bundles a move brings on the route must be registered, and stay so until the commit. */
function bundleOf(request: MoveRequest): string | null {
  const { move } = request;
  return move.verb === "open" || move.verb === "stage" || move.verb === "flip" ? move.bundle : null;
}

/** Creates the one function that changes a route: read, decide, compare-and-set, with its audit entry in the same commit. */
export function createMover(options: MoverOptions): (request: MoveRequest) => Promise<MoveResult> {
  const { agent, keys, store, time, clock, newId, read, accept } = options;

  const commit = async (
    ops: readonly StoreOp[],
  ): Promise<"lost-race" | "no-reply" | { rev: number; at: number }> => {
    const sent = clock.monotonic();
    try {
      const result = await store.commit(ops);
      time.observe(result.at, sent);
      if (result.ok) return { rev: result.revs[0] ?? 0, at: result.at };
      if (result.key !== ops[1]?.key) return "lost-race";
      throw new VerdigrisError(
        "store-regressed",
        `${agent} already has an audit entry for the generation this move would create: the store lost a newer route`,
        { agent, key: result.key },
      );
    } catch (error) {
      if (isVerdigrisError(error, "store-indeterminate")) return "no-reply";
      throw error;
    }
  };

  const attempt = async (request: MoveRequest, requestId: string): Promise<Attempt> => {
    const bundle = bundleOf(request);
    const { found, others } = await read(bundle === null ? [] : [keys.bundle(bundle)]);
    const route: Route | null = found?.route ?? null;
    const before = route?.recent.find((recent) => recent.requestId === requestId);
    if (route !== null && before !== undefined)
      return { outcome: "duplicate", generation: before.generation, route };
    if (request.expect === undefined && isForward(route, request.move)) {
      throw new InvalidArgumentError(
        "expect",
        `is required for ${request.move.verb}: pass the generation you decided on`,
      );
    }
    if (request.expect !== undefined && request.expect !== (route?.generation ?? 0))
      return { outcome: "conflict", route };
    const transition = applyMove(route, request.move, { at: time.now(), actor: request.actor, requestId });
    if (transition.kind === "refused")
      return { outcome: "refused", refusal: transition.refusal, message: transition.message, route };
    if (transition.kind === "unchanged" && route !== null)
      return { outcome: "unchanged", generation: route.generation, route };
    if (transition.kind === "unchanged") return { outcome: "conflict", route };
    const record = others[0] ?? null;
    if (bundle !== null && record === null) {
      return {
        outcome: "refused",
        refusal: "bundle-unknown",
        message: `${bundle} is not registered with ${agent}: register it first`,
        route,
      };
    }
    const facts = {
      verb: request.move.verb,
      actor: request.actor,
      reason: request.reason,
      requestId,
      evidence: request.evidence ?? null,
    };
    const next = withAudit(route, transition.route, facts);
    const value = JSON.stringify(next.route);
    const done = await commit([
      { op: "put", key: keys.route, rev: found?.rev ?? 0, value },
      { op: "put", key: keys.audit(next.route.generation), rev: 0, value: next.text },
      ...(record === null ? [] : [{ op: "check", key: record.key, rev: record.rev } as const]),
    ]);
    if (typeof done === "string") return done;
    const applied = readRoute({ key: keys.route, rev: done.rev, at: done.at, value });
    accept(applied);
    return { outcome: "moved", generation: applied.route.generation, route: applied.route };
  };

  return async (request) => {
    checkRequest(request);
    const requestId = request.requestId ?? newId();
    let unanswered = false;
    for (let tries = 0; tries <= retries; tries++) {
      const result = await attempt(request, requestId);
      if (result === "no-reply") unanswered = true;
      else if (result !== "lost-race") {
        // A reply was lost but the move is on record under its own request id: it was ours.
        return unanswered && result.outcome === "duplicate" ? { ...result, outcome: "moved" } : result;
      }
    }
    const { found } = await read([]);
    return { outcome: "conflict", route: found?.route ?? null };
  };
}
