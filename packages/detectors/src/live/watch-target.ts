import {
  type AuditEntry,
  agentKeys,
  type BundleId,
  decodeRecord,
  type Route,
  type RouteView,
  type Store,
} from "@verdigris/contracts";
import type { WatchTarget } from "../create-detectors.ts";

/** The bundle a release is about: the candidate while it takes production runs, else the live one. */
export function watchedBundle(route: Route): BundleId {
  return route.candidate !== null && isCanary(route) ? route.candidate : route.live;
}

function isCanary({ canary }: Pick<Route, "canary">): boolean {
  return canary !== null && (canary.percent > 0 || Object.keys(canary.include ?? {}).length > 0);
}

/** Against whom a bundle is held, as the route stands. */
export function baselineOf(route: Route, bundle: BundleId): WatchTarget["baseline"] {
  if (bundle === route.candidate && bundle !== route.live) return { kind: "concurrent", bundle: route.live };
  if (bundle !== route.live || route.live === route.stable) return { kind: "floor" };
  const kind = route.holdback !== null && route.holdback.percent > 0 ? "holdback" : "history";
  return { kind, bundle: route.stable };
}

/** True while a bundle takes production runs in the role it has now. */
function standsAs(view: RouteView, route: Route, bundle: BundleId): boolean {
  if (bundle === route.live) return view.live === bundle;
  return view.candidate === bundle && isCanary(view);
}

const lookBack = 24;

/**
 * Store time at which a bundle began to take production runs in its role: that of the move that gave it the role, from the last 24
 * moves on record. 0 where that is longer ago or not known.
 */
export async function sinceWhen(
  store: Store,
  agent: string,
  route: Route,
  bundle: BundleId,
): Promise<number> {
  const keys = agentKeys(agent);
  const first = Math.max(1, route.generation - lookBack + 1);
  const generations = Array.from({ length: route.generation - first + 1 }, (_, i) => route.generation - i);
  const { entries } = await store.get(generations.map((generation) => keys.audit(generation)));
  let since = 0;
  for (const entry of entries) {
    if (entry === null) break;
    if (!standsAs(decodeRecord<AuditEntry>(entry.key, entry.value).to, route, bundle)) return since;
    since = entry.at;
  }
  return first === 1 ? since : 0;
}
