import { type ReleaseRecord, type Route, VerdigrisError } from "@verdigris/contracts";
import { hasReached, unclear } from "../machine/record.ts";
import type { StartRequest } from "./new-release.ts";

/** What a start does about the release before it. */
export type TakeOver = ReleaseRecord["takesOver"];

/** A start that something else stands in the way of. */
export function inProgress(
  agent: string,
  why: string,
  details: Readonly<Record<string, unknown>>,
): VerdigrisError {
  return new VerdigrisError("release-in-progress", `${agent}: ${why}`, { agent, ...details });
}

function isOpen(before: ReleaseRecord | null, route: Route): boolean {
  const unfinished = before !== null && before.outcome === null;
  return unfinished || route.live !== route.stable || route.candidate !== null;
}

/** Without a release before it: everything has to be in its place. */
function fromRoute(route: Route | null, agent: string): TakeOver {
  if (route === null || (route.live === route.stable && route.candidate === null)) return "nothing";
  const open = route.candidate ?? route.live;
  throw inProgress(agent, `${open} is not settled: settle or drop it, or say supersede`, { route });
}

/** What keeps the release before from being settled now, and what would not; null when nothing does. */
function obstacle(before: ReleaseRecord, handOver: string | null): string | null {
  const { id, phase, held, signals, settled } = before;
  if (!hasReached(before, "quarantine")) return `is at ${phase}: wait for it, abort it, or say supersede`;
  const alarms = Object.entries(signals).flatMap(([name, { status }]) => (status === "alarm" ? [name] : []));
  if (alarms.length > 0) return `is in alarm (${alarms.join(", ")}): roll back, or say supersede`;
  if (held !== null) return `is held by ${held.by.id} (${held.why}): resume it, or say supersede`;
  const watching = settled ? [] : unclear(before);
  if (watching.length === 0 || handOver !== null) return null;
  return `is still watching ${watching.join(", ")}: give handOver a reason, or wait for ${id}`;
}

/** What a start does about the release before it; throws `release-in-progress` when it may not go on. */
export function takeOver(
  request: StartRequest,
  before: ReleaseRecord | null,
  route: Route | null,
  agent: string,
): TakeOver {
  if (request.supersede || request.emergency)
    return route !== null && isOpen(before, route) ? "supersedes" : "nothing";
  if (before === null || before.outcome !== null) return fromRoute(route, agent);
  const why = obstacle(before, request.handOver);
  if (why !== null)
    throw inProgress(agent, `${before.id} ${why}`, { release: before.id, phase: before.phase });
  return before.settled || before.baseline === null ? "nothing" : "settles";
}
