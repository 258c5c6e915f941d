import type { Actor, ReleaseRecord, Route, SignalTarget } from "@verdigris/contracts";
import { timeMarginMs } from "@verdigris/router";
import { hasTraffic, policyActor } from "../machine/record.ts";
import type { World } from "../records/world.ts";
import { bounded, messageOf } from "./bounded.ts";
import { type Outcome, routeSeen } from "./carry-out.ts";
import type { ReleasePorts } from "./ports.ts";

const signalsMs = 10_000;

/** The route as it is now. */
export async function seeRoute(
  world: World,
): Promise<{ readonly route: Route | null; readonly outcomes: readonly Outcome[] }> {
  const route = (await world.router.refresh())?.route ?? null;
  return { route, outcomes: route === null ? [] : [routeSeen(route)] };
}

/** Whom the bundle is watched against: blue beside it in a canary, the holdback or blue's own past after the switch. */
function targetOf(release: ReleaseRecord): SignalTarget {
  const { bundle, baseline, plan, switch: switched, trafficSince } = release;
  const since = trafficSince ?? release.since;
  if (baseline === null) return { bundle: bundle.id, since, baseline: { kind: "floor" } };
  const held = plan.holdbackPercent > 0 ? "holdback" : "history";
  const kind = switched === null ? "concurrent" : held;
  return { bundle: bundle.id, since, baseline: { kind, bundle: baseline.id } };
}

/** What the detectors say, in every state in which the bundle has traffic. */
export async function seeSignals(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  stop: AbortSignal,
): Promise<readonly Outcome[]> {
  if (!hasTraffic(release) || release.plan.withoutSignals !== null) return [];
  const { signals } = ports;
  if (signals === undefined) return [{ type: "unmeasured", why: "the process that drives has no detectors" }];
  try {
    const target = targetOf(release);
    const said = await bounded(world.clock, signalsMs, "the detectors", stop, () => signals(target));
    return [{ type: "signals", signals: said }];
  } catch (error) {
    return [{ type: "unmeasured", why: messageOf(error) }];
  }
}

/** Blue has no run left, or none that counts, or nobody waits for it. */
async function isDrained(world: World, release: ReleaseRecord, route: Route, at: number): Promise<boolean> {
  const { baseline } = release;
  if (baseline === null || route.policy.strategy === "pin") return true;
  const { maxAgeMs, maxStepMs } = route.policy;
  if (release.switch !== null && at > release.switch.at + maxAgeMs + maxStepMs + timeMarginMs) return true;
  const report = await world.pinning.drainReport(baseline.id);
  return report.proof !== null || (report.status !== "unknown" && report.inFlight?.count === 0);
}

/** Which bundles have run out of runs, where the release waits for that. */
export async function seeDrain(
  world: World,
  release: ReleaseRecord,
  route: Route | null,
  at: number,
): Promise<readonly Outcome[]> {
  const { rollback, bundle, baseline, phase, outcome, drained } = release;
  if (rollback !== null && rollback.newRunsSafeAt !== null && rollback.lastRunGoneAt === null) {
    const report = await world.pinning.drainReport(bundle.id);
    const gone = report.status !== "unknown" && report.inFlight?.count === 0;
    return gone || report.proof !== null ? [{ type: "drained", bundle: bundle.id }] : [];
  }
  const waits = outcome === null && phase === "draining" && !drained && baseline !== null && route !== null;
  return waits && (await isDrained(world, release, route, at))
    ? [{ type: "drained", bundle: baseline.id }]
    : [];
}

/** Takes blue away once its time is over and no run of it is left. */
export async function recycleBlue(
  world: World,
  release: ReleaseRecord,
  at: number,
): Promise<readonly Outcome[]> {
  const { plan, baseline, settled, outcome, held, since } = release;
  if (outcome !== null || held !== null || !settled || baseline === null || plan.recycleAfter === "never")
    return [];
  if (plan.recycleAfter !== "immediately" && at < since + plan.recycleAfter) return [];
  const actor: Actor = policyActor(release);
  const { recycled } = await world.pinning.recycle(baseline.id, { actor, reason: "quarantine is over" });
  const gone = recycled || (await world.pinning.drainReport(baseline.id)).status === "recycled";
  return gone ? [{ type: "recycled", bundle: baseline.id }] : [];
}

/** True when blue is due for another smoke: it is the way back, and has to stand; at once where the switch went past it. */
export function isRecheckDue(release: ReleaseRecord, at: number): boolean {
  const { outcome, settled, baseline, plan, wayBack } = release;
  if (outcome !== null || settled || baseline === null || release.switch === null) return false;
  return wayBack === null || at >= Math.max(wayBack.at, release.switch.at) + plan.recheckMs;
}
