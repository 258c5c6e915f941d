import {
  type AgentKeys,
  type BundleId,
  type Clock,
  isVerdigrisError,
  type MoveRequest,
  type MoveResult,
  type NodeView,
  type RouteMove,
  type Store,
  type StoreEntry,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { askFleet } from "./ask-fleet.ts";
import { type AuditFacts, withAudit } from "./audit.ts";
import type { Past } from "./begin-route.ts";
import { bundlesOf, checkRequest, decideMove } from "./decide-move.ts";
import { findPast } from "./find-past.ts";
import type { LookAtRoute, ReadReply, ReadRoute } from "./read-route.ts";
import { type AppliedRoute, readRoute } from "./route-snapshot.ts";
import type { StoreTime } from "./store-time.ts";

interface MoverOptions {
  readonly agent: string;
  readonly keys: AgentKeys;
  readonly store: Store;
  readonly time: StoreTime;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly read: ReadRoute;
  readonly look: LookAtRoute;
  readonly accept: (found: AppliedRoute) => void;
  /** Every node that keeps a record. */
  readonly nodes: () => Promise<readonly NodeView[]>;
}

/** What a move is decided on; `past` of a reanchor where the store went backwards. */
type Basis = ReadReply & { readonly past?: Past };

/** A move that names no generation decides again this often when another one got in between. */
const retries = 3;

type Committed = { readonly rev: number; readonly at: number } | "lost-race" | "no-reply";

type Attempt = MoveResult | "lost-race" | "no-reply";

interface Settling {
  readonly agent: string;
  readonly requestId: string;
  readonly attempt: () => Promise<Attempt>;
  readonly read: ReadRoute;
}

function unknownFate({ agent, requestId }: Settling, cause?: unknown): VerdigrisError {
  return new VerdigrisError(
    "store-indeterminate",
    `the store did not say whether it moved the route of ${agent}: repeat the move with requestId ${requestId}`,
    { agent, requestId },
    { cause },
  );
}

/** The last look after the last try: on record or not, and nobody's guess when even that says nothing. */
async function concede(settling: Settling, last: "lost-race" | "no-reply"): Promise<MoveResult> {
  const route = (await settling.read([])).found?.route ?? null;
  const mine = route?.recent.find((recent) => recent.requestId === settling.requestId);
  if (route !== null && mine !== undefined) return { outcome: "moved", generation: mine.generation, route };
  if (last === "no-reply") throw unknownFate(settling);
  return { outcome: "conflict", route };
}

async function settle(settling: Settling): Promise<MoveResult> {
  let unanswered = false;
  let last: "lost-race" | "no-reply" = "lost-race";
  try {
    for (let tries = 0; tries <= retries; tries++) {
      const result = await settling.attempt();
      if (typeof result !== "string") {
        // The reply was lost, yet the move is on record under its request id: it was this one.
        return unanswered && result.outcome === "duplicate" ? { ...result, outcome: "moved" } : result;
      }
      last = result;
      unanswered ||= result === "no-reply";
    }
    return await concede(settling, last);
  } catch (error) {
    // "Unavailable" would say that nothing happened, and after a lost reply nobody knows that.
    if (unanswered && isVerdigrisError(error, "store-unavailable")) throw unknownFate(settling, error);
    throw error;
  }
}

function factsOf(request: MoveRequest, requestId: string): AuditFacts {
  const { move, actor, reason } = request;
  return { verb: move.verb, actor, reason, requestId, evidence: request.evidence ?? null };
}

/** The facts of a reanchor: where the chain it goes on from ends. */
function gapOf({ lastEntry, predecessors }: Past): Pick<AuditFacts, "gap" | "previous"> {
  const { generation: after = 0, digest = null } = lastEntry ?? {};
  return { gap: { after, predecessors }, previous: digest };
}

/** Creates the one function that changes a route: read, decide, compare-and-set, with its audit entry in the same commit. */
export function createMover(options: MoverOptions): (request: MoveRequest) => Promise<MoveResult> {
  const { agent, keys, store, time, clock, newId, read, accept, nodes } = options;

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

  const look = async (verb: RouteMove["verb"], records: readonly string[]): Promise<Basis> => {
    if (verb !== "reanchor") return read(records);
    const seen = await options.look(records);
    const past = await findPast({ store, keys, nodes }, seen);
    return past === null ? seen : { ...seen, past };
  };

  const attempt = async (request: MoveRequest, requestId: string): Promise<Attempt> => {
    const bundles = bundlesOf(request);
    const { found, others, corruptRev, past } = await look(request.move.verb, bundles.map(keys.bundle));
    const recordOf = (bundle: BundleId): StoreEntry | null => others[bundles.indexOf(bundle)] ?? null;
    const route = found?.route ?? null;
    const context = { at: time.now(), requestId, agent, ...(past === undefined ? {} : { past }) };
    const decision = decideMove(route, recordOf, request, context);
    if (decision.answer !== null) return decision.answer;
    const fleet = await askFleet(nodes, request, decision, others[0] ?? null, route);
    if (fleet.answer !== null) return fleet.answer;
    const facts = {
      ...factsOf(request, requestId),
      ...(past === undefined ? {} : gapOf(past)),
      ...fleet.facts,
    };
    const next = withAudit(route, decision.draft, facts);
    const value = JSON.stringify(next.route);
    const put: StoreOp = { op: "put", key: keys.route, rev: found?.rev ?? corruptRev ?? 0, value };
    const audit: StoreOp = { op: "put", key: keys.audit(next.route.generation), rev: 0, value: next.text };
    const done = await commit([put, audit, ...decision.records]);
    if (typeof done === "string") return done;
    const applied = readRoute({ key: keys.route, rev: done.rev, at: done.at, value });
    accept(applied);
    const moved = { outcome: "moved", generation: applied.route.generation, route: applied.route } as const;
    return fleet.unverified ? { ...moved, unverified: true } : moved;
  };

  return async (request) => {
    checkRequest(request);
    const requestId = request.requestId ?? newId();
    return settle({ agent, requestId, attempt: () => attempt(request, requestId), read });
  };
}
