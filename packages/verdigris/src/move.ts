import {
  type Actor,
  type ErrorCode,
  InvalidArgumentError,
  type MoveResult,
  type RefusalReason,
  type RouteMove,
  type Router,
  VerdigrisError,
} from "@verdigris/contracts";
import { isForward } from "@verdigris/router";
import type { ActorInput, MoveReceipt, SafeMoveFacts } from "./options.ts";

const nobody: Actor = Object.freeze({ kind: "machine", id: "unidentified" });

/** An actor from a name, an actor, or nothing. */
export function actorOf(input: ActorInput | undefined, fallback: Actor = nobody): Actor {
  if (input === undefined) return fallback;
  return typeof input === "string" ? { kind: "person", id: input } : input;
}

const refusalCodes: Partial<Record<RefusalReason, ErrorCode>> = {
  held: "route-held",
  "no-route": "no-route",
  "bundle-sealed": "bundle-sealed",
  "bundle-unknown": "bundle-unknown",
};

/** Turns what a router answers into a receipt; a lost race and a refusal must not be overlooked, so they are thrown. */
export function receiptOf(
  agent: string,
  verb: RouteMove["verb"],
  forward: boolean,
  evidence: unknown,
  result: MoveResult,
): MoveReceipt {
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
    const { refusal, message, route } = result;
    throw new VerdigrisError(refusalCodes[refusal] ?? "move-refused", message, {
      agent,
      verb,
      refusal,
      current: route,
    });
  }
  const { outcome, generation } = result;
  return Object.freeze({
    outcome,
    generation,
    unevidenced: forward && evidence === undefined,
    unverified: true,
  });
}

/** Makes one move of a route; a forward one needs a reason, and the router wants its `expect`. */
export type Move = (move: RouteMove, facts?: SafeMoveFacts) => Promise<MoveReceipt>;

/** Makes moves of one agent's route on behalf of one actor. */
export function createMoves(router: Router, actor: Actor): Move {
  return async (move, facts = {}) => {
    const { reason = "", expect, requestId, evidence } = facts;
    let route = router.snapshot()?.route ?? null;
    // Which way a move goes is judged on the route it was decided on.
    if (expect !== undefined && expect !== (route?.generation ?? 0))
      route = (await router.refresh())?.route ?? null;
    const forward = isForward(route, move);
    if (forward && reason.trim() === "")
      throw new InvalidArgumentError("reason", `is required for ${move.verb}: say why`);
    const result = await router.move({
      move,
      actor: actorOf(facts.actor, actor),
      reason,
      ...(expect === undefined ? {} : { expect }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(evidence === undefined ? {} : { evidence }),
    });
    return receiptOf(router.agent, move.verb, forward, evidence, result);
  };
}
