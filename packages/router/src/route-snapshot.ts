import { decodeRecord, type Route, type RouteSnapshot, type StoreEntry } from "@verdigris/contracts";
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

/** Reads a route entry; throws `record-too-new` or `record-corrupt`. */
export function readRoute(entry: StoreEntry): AppliedRoute {
  const route = freeze(correctTimes(decodeRecord<Route>(entry.key, entry.value), entry));
  return { route, key: entry.key, rev: entry.rev, assign: compileAssign(route) };
}

/**
 * Whether a route read from the store may follow the one in force. `stale` says the store went backwards: an older
 * generation, another incarnation, a rewritten generation, or no route at all.
 */
export function compareRoutes(
  known: RouteSnapshot | null,
  found: RouteSnapshot | null,
): "newer" | "same" | "stale" {
  if (known === null) return found === null ? "same" : "newer";
  if (found === null || found.route.incarnation !== known.route.incarnation) return "stale";
  if (found.route.generation > known.route.generation) return "newer";
  return found.rev === known.rev ? "same" : "stale";
}
