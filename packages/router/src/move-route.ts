import {
  type AgentKeys,
  type Clock,
  isVerdigrisError,
  type MoveRequest,
  type MoveResult,
  type Store,
  type StoreEntry,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { withAudit } from "./audit.ts";
import { bundleOf, checkRequest, decideMove } from "./decide-move.ts";
import { type AppliedRoute, readRoute } from "./route-snapshot.ts";
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

/** A move that names no generation decides again this often when another one got in between. */
const retries = 3;

type Committed = { readonly rev: number; readonly at: number } | "lost-race" | "no-reply";

/** Creates the one function that changes a route: read, decide, compare-and-set, with its audit entry in the same commit. */
export function createMover(options: MoverOptions): (request: MoveRequest) => Promise<MoveResult> {
  const { agent, keys, store, time, clock, newId, read, accept } = options;

  const commit = async (ops: readonly StoreOp[]): Promise<Committed> => {
    const sent = clock.monotonic();
    try {
      const result = await store.commit(ops);
      time.observe(result.at, sent);
      if (result.ok) return { rev: result.revs[0] ?? 0, at: result.at };
      if (result.key !== ops[1]?.key) return "lost-race";
    } catch (error) {
      if (isVerdigrisError(error, "store-indeterminate")) return "no-reply";
      throw error;
    }
    throw new VerdigrisError(
      "store-regressed",
      `${agent} already has an audit entry for the generation this move would create: the store lost a newer route`,
      { agent, key: ops[1]?.key },
    );
  };

  const attempt = async (
    request: MoveRequest,
    requestId: string,
  ): Promise<MoveResult | "lost-race" | "no-reply"> => {
    const bundle = bundleOf(request);
    const { found, others } = await read(bundle === null ? [] : [keys.bundle(bundle)]);
    const route = found?.route ?? null;
    const decision = decideMove(route, others[0] ?? null, request, { at: time.now(), requestId, agent });
    if (decision.answer !== null) return decision.answer;
    const { move, actor, reason, evidence = null } = request;
    const next = withAudit(route, decision.draft, { verb: move.verb, actor, reason, requestId, evidence });
    const value = JSON.stringify(next.route);
    const done = await commit([
      { op: "put", key: keys.route, rev: found?.rev ?? 0, value },
      { op: "put", key: keys.audit(next.route.generation), rev: 0, value: next.text },
      ...(decision.record === null ? [] : [decision.record]),
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
        // The reply was lost, yet the move is on record under its request id: it was this one.
        return unanswered && result.outcome === "duplicate" ? { ...result, outcome: "moved" } : result;
      }
    }
    const { found } = await read([]);
    return { outcome: "conflict", route: found?.route ?? null };
  };
}
