import type { Route, Router } from "@verdigris/contracts";
import type { StoreTime } from "@verdigris/router";
import type { RunPinning } from "@verdigris/run-pinning";
import type { BundleLine, VerdigrisStatus } from "./verdigris.ts";

function bundlesOf(route: Route): string[] {
  const named = [route.live, route.stable, route.candidate].filter((bundle) => bundle !== null);
  return [...new Set([...named, ...route.retiring.map((item) => item.bundle)])];
}

/** Reads the route and where each of its bundles stands. Rejects with `store-unavailable` when the store does not answer. */
export async function statusOf(
  agent: string,
  router: Router | null,
  time: StoreTime | null,
  pinning: Pick<RunPinning<never>, "drainReport"> | null,
): Promise<VerdigrisStatus> {
  const route = (await router?.refresh())?.route ?? null;
  const bundles: BundleLine[] = [];
  for (const bundle of route === null || pinning === null ? [] : bundlesOf(route)) {
    const { status, inFlight, drainedBy } = (await pinning?.drainReport(bundle)) ?? {
      status: "unknown",
      inFlight: null,
      drainedBy: null,
    };
    bundles.push({ bundle, status, inFlight, drainedBy });
  }
  return { agent, generation: route?.generation ?? 0, route, bundles, at: time?.now() ?? null };
}
