import {
  type Digest,
  type ErrorCode,
  InvalidArgumentError,
  type MoveResult,
  type Propagation,
  type RefusalReason,
  type Route,
  type RouteMove,
  type Router,
  VerdigrisError,
} from "@verdigris/contracts";
import { isForward } from "@verdigris/router";
import type { Authority } from "@verdigris/run-pinning";
import type { MoveReceipt, SafeMoveFacts } from "./options.ts";
import type { Verb } from "./verb.ts";

const refusalCodes: Partial<Record<RefusalReason, ErrorCode>> = {
  held: "route-held",
  "no-route": "no-route",
  "bundle-sealed": "bundle-sealed",
  "bundle-unknown": "bundle-unknown",
  "bundle-not-served": "bundle-not-served",
};

/** Turns what a router answers into a receipt; a lost race and a refusal must not be overlooked, so they are thrown. */
function receiptOf(
  router: Router,
  verb: RouteMove["verb"],
  forward: boolean,
  evidence: Digest | null,
  result: MoveResult,
): MoveReceipt {
  const { agent } = router;
  if (result.outcome === "conflict") {
    const now = result.route?.generation ?? 0;
    const message = `${verb} of ${agent} lost a race: the route is at generation ${now} now; look at it and decide again`;
    throw new VerdigrisError("route-conflict", message, {
      agent,
      verb,
      generation: now,
      current: result.route,
    });
  }
  if (result.outcome === "refused") {
    const { refusal, message, route, nodes } = result;
    throw new VerdigrisError(refusalCodes[refusal] ?? "move-refused", message, {
      agent,
      verb,
      refusal,
      current: route,
      ...(nodes === undefined ? {} : { nodes: nodes.map(({ id, name }) => name ?? id) }),
    });
  }
  const { outcome, generation, route } = result;
  const unverified = result.outcome !== "duplicate" && result.unverified === true;
  let propagated: Promise<Propagation> | null = null;
  return Object.freeze({
    outcome,
    generation,
    unevidenced: forward && evidence === null,
    unverified,
    get propagated() {
      propagated ??= router.propagation({ incarnation: route.incarnation, generation });
      return propagated;
    },
  });
}

/** Makes one move of a route; a forward one needs a reason, and the router wants its `expect`. */
export type Move = (move: RouteMove, facts?: SafeMoveFacts) => Promise<MoveReceipt>;

/** The route a move was decided on: which way it goes is judged on that one. */
async function basisOf(router: Router, move: RouteMove, expect: number | undefined): Promise<Route | null> {
  const known = router.snapshot()?.route ?? null;
  // It is decided on what the store gives now, which a process that knows better refuses to read.
  if (move.verb === "reanchor") return known;
  if (expect === undefined || expect === (known?.generation ?? 0)) return known;
  return (await router.refresh())?.route ?? null;
}

/** Makes moves of one agent's route, each after its authority was asked. */
export function createMoves(router: Router, authority: Authority<Verb>): Move {
  return async (move, { reason = "", actor: given, ...facts } = {}) => {
    const route = await basisOf(router, move, facts.expect);
    const forward = isForward(route, move);
    if (forward && reason.trim() === "")
      throw new InvalidArgumentError("reason", `is required for ${move.verb}: say why`);
    const { evidence = null } = facts;
    const actor = await authority.actor(given);
    const bundle = "bundle" in move ? move.bundle : null;
    const generation = route?.generation ?? 0;
    await authority.require(actor, move.verb, { generation, bundle, reason, evidence });
    const result = await router.move({ move, actor, reason, ...facts });
    return receiptOf(router, move.verb, forward, evidence, result);
  };
}
