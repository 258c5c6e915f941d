import {
  type Actor,
  type Assignment,
  agentKeys,
  type BundleId,
  type Clock,
  InvalidArgumentError,
  type Labels,
  type MoveRequest,
  type MoveResult,
  type RouteMove,
  type RouteSnapshot,
  type StoreEntry,
  VerdigrisError,
} from "@verdigris/contracts";
import {
  checkRequest,
  completePolicy,
  decideMove,
  defaultPolicy,
  readRoute,
  withAudit,
} from "@verdigris/router";
import type { FakeRouterOptions } from "./fake-router.ts";

/** A route with its decision function. */
export type FakeApplied = ReturnType<typeof readRoute>;

/** The route of a fake router: real moves, one after the other, without a store. */
export interface FakeRoute {
  current(): FakeApplied | null;
  /** `applied` is the new route when the move made one. */
  move(request: MoveRequest): { readonly result: MoveResult; readonly applied: FakeApplied | null };
  register(bundle: BundleId): void;
  reset(): void;
}

interface FakeRouteOptions extends FakeRouterOptions {
  readonly agent: string;
  readonly clock: Clock;
}

const setUp: Actor = { kind: "policy", id: "createFakeRouter" };

interface FirstMove {
  readonly move: RouteMove;
  readonly actor: Actor;
}

/** The moves that lead to the state asked for. */
function firstMoves(options: FakeRouteOptions): FirstMove[] {
  const { live, stable = live, candidate, canary, holdbackPercent = 0, held } = options;
  if (live === null || stable === null) return [];
  const policy = completePolicy(defaultPolicy, options.policy);
  const moves: RouteMove[] = [{ verb: "open", bundle: stable, policy, incarnation: `${options.agent}-1` }];
  if (live !== stable) moves.push({ verb: "flip", bundle: live, holdbackPercent });
  if (candidate !== undefined) moves.push({ verb: "stage", bundle: candidate });
  if (canary !== undefined) moves.push({ verb: "setCanary", percent: canary });
  const made = moves.map((move) => ({ move, actor: setUp }));
  return held === undefined ? made : [...made, { move: { verb: "hold", why: held.why }, actor: held.by }];
}

/** Makes the route; throws `invalid-argument` when the options contradict each other. */
export function createFakeRoute(options: FakeRouteOptions): FakeRoute {
  const { agent, clock, bundles } = options;
  const keys = agentKeys(agent);
  let registered: ReadonlySet<BundleId> | null = null;
  let applied: FakeApplied | null = null;
  let moves = 0;

  const recordOf = (bundle: BundleId): StoreEntry | null => {
    if (registered?.has(bundle) === false) return null;
    return { key: keys.bundle(bundle), rev: 1, at: clock.now(), value: '{"v":1}' };
  };
  const move: FakeRoute["move"] = (request) => {
    moves += 1;
    const { requestId = `request-${moves}`, actor, reason, evidence = null } = request;
    const route = applied?.route ?? null;
    const at = clock.now();
    const decision = decideMove(route, recordOf, request, { at, requestId, agent });
    if (decision.answer !== null) return { result: decision.answer, applied: null };
    const { verb } = request.move;
    const next = withAudit(route, decision.draft, { verb, actor, reason, requestId, evidence }).route;
    applied = readRoute({ key: keys.route, rev: next.generation, at, value: JSON.stringify(next) });
    return {
      result: { outcome: "moved", generation: next.generation, route: applied.route },
      applied,
    };
  };
  const reset = (): void => {
    applied = null;
    moves = 0;
    registered = null;
    for (const first of firstMoves(options)) {
      const expect = (applied as FakeApplied | null)?.route.generation ?? 0;
      const request = { ...first, reason: "set up", expect };
      checkRequest(request);
      const { result } = move(request);
      if (result.outcome === "refused") {
        throw new InvalidArgumentError("createFakeRouter", `cannot begin there: ${result.message}`);
      }
    }
    if (bundles === undefined) return;
    const { live, stable = live, candidate = live } = options;
    registered = new Set([...bundles, live, stable, candidate].filter((id) => id !== null));
  };
  reset();
  return {
    current: () => applied,
    move,
    register(bundle) {
      if (registered !== null) registered = new Set([...registered, bundle]);
    },
    reset,
  };
}

/** The answer of a route, or the error of an agent that has none. */
export function assignBy(
  agent: string,
  applied: FakeApplied | null,
  key: string,
  labels: Labels | undefined,
): Assignment {
  if (applied !== null) return applied.assign(key, labels);
  throw new VerdigrisError("no-route", `${agent} has no route: open it with its first bundle`, { agent });
}

/** The answer a test asked for, in the role the bundle has on the route (live when it has none). */
export function forcedAssignment(bundle: BundleId, applied: RouteSnapshot | null): Assignment {
  const generation = applied?.route.generation ?? 0;
  const { live, stable, candidate } = applied?.route ?? { live: bundle, stable: bundle, candidate: null };
  if (bundle !== live && bundle === candidate) {
    return Object.freeze({
      bundle,
      role: "candidate",
      class: "canary",
      reason: "canary-include",
      generation,
    });
  }
  const held = bundle !== live && bundle === stable;
  return Object.freeze({
    bundle,
    role: held ? "stable" : "live",
    class: "live",
    reason: held ? "holdback" : "live",
    generation,
  });
}
