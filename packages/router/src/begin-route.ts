import type { BundleId, Hold, Predecessor, Retiring, Route, RouteMove } from "@verdigris/contracts";
import { InvalidArgumentError } from "@verdigris/contracts";
import { boundMsOf, completePolicy, defaultPolicy, longestBoundMs } from "./route-terms.ts";
import type { MoveContext, RouteDraft } from "./route-transitions.ts";

/** What is left and known of an agent whose store went backwards; a reanchor goes on after all of it. */
export interface Past {
  /** The route that the store gives now; null where it gives none. */
  readonly stored: Route | null;
  /** The route that was in force in this process; null in one that came later. */
  readonly known: Route | null;
  /** Latest first: every incarnation somebody knows of. */
  readonly predecessors: readonly Predecessor[];
  /** Generation of the last audit entry that is stored, and its digest. */
  readonly lastEntry: { readonly generation: number; readonly digest: Predecessor["audit"] } | null;
  /** Bundles that have pins in the store. */
  readonly pinned: readonly BundleId[];
}

type Open = RouteMove & { readonly verb: "open" };
type Reanchor = RouteMove & { readonly verb: "reanchor" };

/** The route of an agent that had none. */
export function openRoute(move: Open, context: MoveContext): RouteDraft {
  return {
    v: 1,
    incarnation: move.incarnation,
    predecessors: [],
    generation: 1,
    live: move.bundle,
    stable: move.bundle,
    candidate: null,
    retiring: [],
    sealed: [],
    canary: null,
    holdback: null,
    policy: completePolicy(move.policy),
    horizon: null,
    held: null,
    recent: [{ requestId: context.requestId, verb: "open", generation: 1 }],
  };
}

/** The latest generation that anybody knows to have been reached. */
function latestOf({ stored, lastEntry, predecessors }: Past): number {
  const known = predecessors.map(({ generation }) => generation);
  return Math.max(0, stored?.generation ?? 0, lastEntry?.generation ?? 0, ...known);
}

function endOf({ since, boundMs }: Retiring): number {
  return since + boundMs;
}

/** Every bundle that may have runs keeps its place for them, and the longer of two bounds. */
function retiringAfter(past: Past, move: Reanchor, fresh: Omit<Retiring, "bundle">): readonly Retiring[] {
  const routes = [past.known, past.stored].filter((route) => route !== null);
  const merged = new Map<BundleId, Retiring>();
  for (const item of routes.flatMap(({ retiring }) => retiring)) {
    const other = merged.get(item.bundle);
    if (other === undefined || endOf(other) < endOf(item)) merged.set(item.bundle, item);
  }
  const placed = routes.flatMap(({ live, stable, candidate }) => [live, stable, candidate]);
  for (const bundle of [...placed, ...past.pinned]) {
    if (bundle !== null && !merged.has(bundle)) merged.set(bundle, { bundle, ...fresh });
  }
  const { bundle: live, stable = live } = move;
  return [...merged.values()].filter(({ bundle }) => bundle !== live && bundle !== stable);
}

/** How much longer a run that was accepted before may take. What a lost policy allowed nobody knows, so it may be anything. */
function horizonMs(past: Past, at: number): number {
  const routes = [past.known, past.stored].filter((route) => route !== null);
  const latest = latestOf(past);
  if (!routes.some(({ generation }) => generation === latest)) return longestBoundMs;
  const standing = routes.map(({ horizon }) => (horizon === null ? 0 : horizon.at + horizon.boundMs - at));
  return Math.max(...routes.map(({ policy }) => boundMsOf(policy)), ...standing);
}

function holdAfter({ known, stored }: Past): Hold | null {
  const holds = [known?.held ?? null, stored?.held ?? null].filter((held) => held !== null);
  return holds.find(({ by }) => by.kind === "person") ?? holds[0] ?? null;
}

/** The route after a store went backwards: live and stable as the operator says, nothing under way, every run kept. */
export function reanchorRoute(move: Reanchor, past: Past, context: MoveContext): RouteDraft {
  const { bundle: live, stable = live, incarnation } = move;
  if (past.predecessors.some((before) => before.incarnation === incarnation))
    throw new InvalidArgumentError("incarnation", `must be a fresh one, and ${incarnation} was in force`);
  const { at, requestId } = context;
  const { audit: _lost, ...base } = past.known ?? past.stored ?? { audit: null };
  const generation = latestOf(past) + 1;
  const policy = completePolicy(past.known?.policy ?? past.stored?.policy ?? defaultPolicy, move.policy);
  const boundMs = Math.max(horizonMs(past, at), boundMsOf(policy));
  const { recent = [] } = past.stored ?? {};
  return {
    ...base,
    v: Math.max(1, past.known?.v ?? 1, past.stored?.v ?? 1),
    incarnation,
    predecessors: past.predecessors,
    generation,
    live,
    stable,
    candidate: null,
    retiring: retiringAfter(past, move, { since: at, generation, boundMs, rolledBack: false }),
    sealed: [],
    canary: null,
    holdback: null,
    policy,
    horizon: { at, boundMs, generation },
    held: holdAfter(past),
    recent: [...recent, { requestId, verb: "reanchor" as const, generation }].slice(-16),
  };
}
