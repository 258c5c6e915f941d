import type { BundleId, Route } from "@verdigris/contracts";

/** What a bundle is on a route, as spans and metrics say it. */
export type Role = "live" | "stable" | "candidate" | "retiring";

/** The role of a bundle; `live` before `stable` where it is both, null off the route and without one. */
export function roleOf(route: Route | null, bundle: BundleId): Role | null {
  if (route === null) return null;
  if (route.live === bundle) return "live";
  if (route.candidate === bundle) return "candidate";
  if (route.stable === bundle) return "stable";
  return route.retiring.some((item) => item.bundle === bundle) ? "retiring" : null;
}
