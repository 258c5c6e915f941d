import {
  decodeRecord,
  type Route,
  type RouteSnapshot,
  type StoreEntry,
  VerdigrisError,
} from "@verdigris/contracts";
import { type Assign, compileAssign } from "./assign.ts";
import { correctTimes } from "./route-terms.ts";

/** A snapshot with its compiled decision function. */
export interface AppliedRoute extends RouteSnapshot {
  readonly assign: Assign;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}

/** Parts without which a record decides nothing; what a later release adds or drops beside them is its own affair. */
function isRoute(route: Partial<Route>): boolean {
  const { incarnation, generation, live, stable, candidate, policy, retiring, sealed, recent } = route;
  return (
    [incarnation, live, stable].every((text) => typeof text === "string" && text !== "") &&
    Number.isSafeInteger(generation) &&
    candidate !== undefined &&
    typeof policy === "object" &&
    [retiring, sealed, recent].every(Array.isArray)
  );
}

/** Reads a route entry; throws `record-too-new` or `record-corrupt`. */
export function readRoute(entry: StoreEntry): AppliedRoute {
  const { key, rev } = entry;
  const record = decodeRecord<Route>(key, entry.value);
  if (!isRoute(record)) {
    throw new VerdigrisError(
      "record-corrupt",
      `${key} holds a record that is no route: restore it, or go on after it with reanchor`,
      { key, rev },
    );
  }
  const unknown = [record.canary, record.holdback].find((share) => share && share.hash !== 1);
  if (unknown) {
    throw new VerdigrisError(
      "record-too-new",
      `${key} places keys by hash version ${unknown.hash}, this process knows 1: upgrade it before it starts anything`,
      { key, found: unknown.hash, supported: 1 },
    );
  }
  const { canary = null, holdback = null, horizon = null, held = null, predecessors = [] } = record;
  const route = freeze(correctTimes({ ...record, predecessors, canary, holdback, horizon, held }, entry));
  return Object.freeze({ route, key, rev, assign: compileAssign(route) });
}

/** True for a route that an operator set to go on after this one, and that knew everything this process knows. */
function succeeds(found: Route, known: Route): boolean {
  const after = found.predecessors.find(({ incarnation }) => incarnation === known.incarnation);
  return after !== undefined && after.generation >= known.generation && found.generation > known.generation;
}

/**
 * Whether a route read from the store may follow the one in force. `stale` says the store went backwards: an older
 * generation, another incarnation that does not succeed it, a rewritten generation, or no route at all.
 */
export function compareRoutes(
  known: RouteSnapshot | null,
  found: RouteSnapshot | null,
): "newer" | "same" | "stale" {
  if (known === null) return found === null ? "same" : "newer";
  if (found === null) return "stale";
  if (found.route.incarnation !== known.route.incarnation)
    return succeeds(found.route, known.route) ? "newer" : "stale";
  if (found.route.generation > known.route.generation) return "newer";
  // A store restored from a backup may issue a revision again: the digest of the move tells the two apart.
  return found.rev === known.rev && found.route.audit === known.route.audit ? "same" : "stale";
}
