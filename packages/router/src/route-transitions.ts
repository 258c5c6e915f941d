import type {
  Actor,
  Audience,
  BundleId,
  RefusalReason,
  Retiring,
  Route,
  RouteMove,
  RoutePolicy,
} from "@verdigris/contracts";
import { openRoute, type Past, reanchorRoute } from "./begin-route.ts";
import { isForward } from "./move-direction.ts";
import { boundMsOf, completePolicy, mostRetiring, requireAudience, requirePercent } from "./route-terms.ts";

/** What a move needs to know beside the route: store time, and who asks. */
export interface MoveContext {
  readonly at: number;
  readonly actor: Actor;
  readonly requestId: string;
  /** What a reanchor goes on after; absent where nothing shows that the store went backwards. */
  readonly past?: Past;
}

/** A route before its audit entry is written. */
export type RouteDraft = Omit<Route, "audit">;

/** What a move would do to a route. */
export type Transition =
  | { readonly kind: "moved"; readonly route: RouteDraft }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly refusal: RefusalReason; readonly message: string };

const rememberedMoves = 16;
const unchanged: Transition = { kind: "unchanged" };
const nobody: Audience = {};

function refuse(refusal: RefusalReason, message: string): Transition {
  return { kind: "refused", refusal, message };
}

/** Puts bundles that lost their place among the retiring, unless the new route still names them. */
function retire(
  next: RouteDraft,
  lost: readonly (BundleId | null)[],
  from: Route,
  at: number,
  rolledBack: boolean,
): RouteDraft {
  const kept = new Set<BundleId | null>([next.live, next.stable, next.candidate, null]);
  const added = new Map<BundleId, Retiring>();
  for (const bundle of lost) {
    if (bundle === null || kept.has(bundle) || added.has(bundle)) continue;
    added.set(bundle, {
      bundle,
      since: at,
      generation: next.generation,
      boundMs: boundMsOf(from.policy),
      rolledBack,
    });
  }
  const others = next.retiring.filter((item) => !kept.has(item.bundle) && !added.has(item.bundle));
  return { ...next, retiring: [...others, ...added.values()] };
}

/** A shorter limit does not shorten the runs already accepted: what they may still take stays on record as the horizon. */
function withPolicy(
  next: RouteDraft,
  from: Route,
  patch: Partial<RoutePolicy> | undefined,
  at: number,
): RouteDraft {
  if (patch === undefined) return next;
  const policy = completePolicy(from.policy, patch);
  const before = boundMsOf(from.policy);
  if (boundMsOf(policy) >= before) return { ...next, policy };
  // A standing horizon that reaches further is restated from now, so that correcting `at` can only lengthen it.
  const standing = from.horizon === null ? 0 : from.horizon.at + from.horizon.boundMs - at;
  const horizon = { at, boundMs: Math.max(before, standing), generation: next.generation };
  return { ...next, policy, horizon };
}

function stage(route: Route, next: RouteDraft, move: RouteMove & { verb: "stage" }, at: number): Transition {
  const { bundle } = move;
  if (route.candidate === bundle && move.policy === undefined) return unchanged;
  if (bundle === route.live || bundle === route.stable) {
    return refuse(
      "on-route",
      `${bundle} already is ${bundle === route.live ? "live" : "stable"}: stage another bundle`,
    );
  }
  if (route.sealed.includes(bundle)) {
    return refuse(
      "bundle-sealed",
      `${bundle} is being recycled: wait for it or unseal it, then stage it again`,
    );
  }
  const full = crowded(route, bundle);
  if (full !== null) return full;
  const replaces = route.candidate !== null && route.candidate !== bundle;
  if (replaces && move.supersede !== true) {
    return refuse(
      "candidate-present",
      `${route.candidate} is the candidate already: drop it first, or say supersede`,
    );
  }
  const staged = { ...next, candidate: bundle, canary: replaces ? null : route.canary };
  return {
    kind: "moved",
    route: withPolicy(retire(staged, [route.candidate], route, at, false), route, move.policy, at),
  };
}

function setCanary(route: Route, next: RouteDraft, move: RouteMove & { verb: "setCanary" }): Transition {
  if (route.candidate === null)
    return refuse("no-candidate", "there is no candidate to send runs to: stage a bundle first");
  const percent = requirePercent("percent", move.percent);
  const include = requireAudience("include", move.include ?? route.canary?.include ?? nobody);
  const exclude = requireAudience("exclude", move.exclude ?? route.canary?.exclude ?? nobody);
  const salt = route.canary?.salt ?? `canary/${route.incarnation}/${next.generation}`;
  const canary = { ...route.canary, percent, salt, hash: 1 as const, include, exclude };
  if (JSON.stringify(canary) === JSON.stringify(route.canary)) return unchanged;
  return { kind: "moved", route: { ...next, canary } };
}

/** Staging and flipping stop here; nothing that goes back does. */
function crowded(route: Route, bundle: BundleId): Transition | null {
  if (route.retiring.length < mostRetiring || route.retiring.some((item) => item.bundle === bundle))
    return null;
  return refuse(
    "too-many-retiring",
    `${mostRetiring} bundles are retiring: recycle some before ${bundle} comes on the route`,
  );
}

function flip(route: Route, next: RouteDraft, move: RouteMove & { verb: "flip" }, at: number): Transition {
  const { bundle } = move;
  if (bundle === route.live) return unchanged;
  if (bundle === route.stable) return rollback(route, next, at);
  if (route.sealed.includes(bundle)) {
    return refuse("bundle-sealed", `${bundle} is being recycled: wait for it or unseal it, then flip again`);
  }
  if (route.live !== route.stable && move.supersede !== true) {
    return refuse(
      "not-settled",
      `${route.live} is not settled yet (${route.stable} is the way back): settle it first, or say supersede`,
    );
  }
  if (route.candidate !== null && route.candidate !== bundle && move.supersede !== true) {
    return refuse(
      "candidate-present",
      `${route.candidate} is the candidate: drop it first, or say supersede`,
    );
  }
  const full = route.candidate === bundle ? null : crowded(route, bundle);
  if (full !== null) return full;
  const percent = requirePercent("holdbackPercent", move.holdbackPercent ?? 0);
  const holdback =
    percent === 0
      ? null
      : { percent, salt: `holdback/${route.incarnation}/${next.generation}`, hash: 1 as const };
  const flipped = { ...next, live: bundle, candidate: null, canary: null, holdback };
  const retired = retire(flipped, [route.live, route.candidate], route, at, false);
  return { kind: "moved", route: withPolicy(retired, route, move.policy, at) };
}

function settle(route: Route, next: RouteDraft, at: number): Transition {
  if (route.live === route.stable) return unchanged;
  const settled = { ...next, stable: route.live, holdback: null };
  return { kind: "moved", route: retire(settled, [route.stable], route, at, false) };
}

function rollback(route: Route, next: RouteDraft, at: number): Transition {
  if (route.live === route.stable && route.candidate === null && route.holdback === null) return unchanged;
  const back = { ...next, live: route.stable, candidate: null, canary: null, holdback: null };
  return { kind: "moved", route: retire(back, [route.live, route.candidate], route, at, true) };
}

function drop(route: Route, next: RouteDraft, at: number): Transition {
  if (route.candidate === null) return unchanged;
  return {
    kind: "moved",
    route: retire({ ...next, candidate: null, canary: null }, [route.candidate], route, at, true),
  };
}

function seal(route: Route, next: RouteDraft, bundle: BundleId): Transition {
  if (route.sealed.includes(bundle)) return unchanged;
  if (!route.retiring.some((item) => item.bundle === bundle)) {
    return refuse(
      "not-retiring",
      `${bundle} is not retiring: only a bundle that lost its place can be sealed`,
    );
  }
  return { kind: "moved", route: { ...next, sealed: [...route.sealed, bundle] } };
}

function unseal(route: Route, next: RouteDraft, bundle: BundleId): Transition {
  if (!route.sealed.includes(bundle)) return unchanged;
  return { kind: "moved", route: { ...next, sealed: route.sealed.filter((id) => id !== bundle) } };
}

function recycle(route: Route, next: RouteDraft, bundle: BundleId): Transition {
  if (!route.sealed.includes(bundle))
    return refuse("not-sealed", `${bundle} is not sealed: seal it and count its runs first`);
  const sealed = route.sealed.filter((id) => id !== bundle);
  return {
    kind: "moved",
    route: { ...next, sealed, retiring: route.retiring.filter((item) => item.bundle !== bundle) },
  };
}

function hold(route: Route, next: RouteDraft, why: string, actor: Actor): Transition {
  const outranked = route.held !== null && (route.held.by.kind === "person" || actor.kind !== "person");
  if (outranked) return unchanged;
  return { kind: "moved", route: { ...next, held: { by: actor, why } } };
}

function release(route: Route, next: RouteDraft, actor: Actor): Transition {
  if (route.held === null) return unchanged;
  if (route.held.by.kind === "person" && actor.kind !== "person") {
    return refuse("held-by-person", `${route.held.by.id} holds the route: only a person may release it`);
  }
  return { kind: "moved", route: { ...next, held: null } };
}

function raiseFormat(route: Route, next: RouteDraft, to: number): Transition {
  return to <= route.v ? unchanged : { kind: "moved", route: { ...next, v: to } };
}

function apply(
  route: Route,
  next: RouteDraft,
  move: Exclude<RouteMove, { verb: "open" | "reanchor" }>,
  context: MoveContext,
): Transition {
  switch (move.verb) {
    case "stage":
      return stage(route, next, move, context.at);
    case "setCanary":
      return setCanary(route, next, move);
    case "flip":
      return flip(route, next, move, context.at);
    case "settle":
      return settle(route, next, context.at);
    case "rollback":
      return rollback(route, next, context.at);
    case "drop":
      return drop(route, next, context.at);
    case "seal":
      return seal(route, next, move.bundle);
    case "unseal":
      return unseal(route, next, move.bundle);
    case "recycle":
      return recycle(route, next, move.bundle);
    case "hold":
      return hold(route, next, move.why, context.actor);
    case "release":
      return release(route, next, context.actor);
    case "raiseFormat":
      return raiseFormat(route, next, move.to);
  }
}

/** The route after a move, or why there is none. Pure: the same arguments give the same answer, and nothing is changed in place. */
export function applyMove(route: Route | null, move: RouteMove, context: MoveContext): Transition {
  if (move.verb === "open") {
    return route === null
      ? { kind: "moved", route: openRoute(move, context) }
      : refuse("already-open", `the agent has a route already, at generation ${route.generation}`);
  }
  if (move.verb === "reanchor") {
    const { past } = context;
    if (past === undefined)
      return refuse("not-regressed", "nothing shows that the store went backwards: move the route as it is");
    return { kind: "moved", route: reanchorRoute(move, past, context) };
  }
  if (route === null) return refuse("no-route", "the agent has no route yet: open it with its first bundle");
  if (route.held !== null && move.verb !== "release" && isForward(route, move)) {
    return refuse(
      "held",
      `${route.held.by.id} holds the route (${route.held.why}): release it before moving forward`,
    );
  }
  const { audit: _written, ...rest } = route;
  const generation = route.generation + 1;
  const recent = [...route.recent, { requestId: context.requestId, verb: move.verb, generation }].slice(
    -rememberedMoves,
  );
  return apply(route, { ...rest, generation, recent }, move, context);
}
