import {
  type Actor,
  type BundleId,
  decodeRecord,
  InvalidArgumentError,
  type MoveRequest,
  type MoveResult,
  pause,
  type ReleaseRecord,
  type Route,
  type RouteMove,
  VerdigrisError,
} from "@verdigris/contracts";
import { durationText } from "../plan/duration.ts";

import { loadCurrent } from "../records/release-store.ts";
import type { World } from "../records/world.ts";
import type { DrillReport, DrillTimes, DrillUnderWay } from "./drill-records.ts";
import { judgeTarget } from "./rollback-target.ts";

/** What a drill asks for. */
export interface DrillRequest {
  readonly actor: Actor;
  readonly reason: string;
  /** The bundle to go to and back from; null practises the rollback of the release in quarantine. */
  readonly bundle: BundleId | null;
  /** Share of keys that takes part; 100 moves everything. */
  readonly percent: number;
  /** How long to wait for the last run to leave. */
  readonly drainMs: number;
}

/** From trigger to new runs safe and confirmed. */
export const drillBudgetMs = 300_000;

function refusedDrill(agent: string, why: string): VerdigrisError {
  return new VerdigrisError("release-refused", `${agent} cannot be drilled now: ${why}`, {
    agent,
    refusal: "drill",
  });
}

function requireMoved(agent: string, result: MoveResult): Route {
  if (result.outcome === "conflict") throw refusedDrill(agent, "the route was moved by somebody else");
  if (result.outcome === "refused") throw refusedDrill(agent, result.message);
  return result.route;
}

async function move(world: World, request: DrillRequest, how: RouteMove, expect?: number): Promise<Route> {
  const facts: Omit<MoveRequest, "move"> = { actor: request.actor, reason: `drill: ${request.reason}` };
  const result = await world.router.move({
    move: how,
    ...facts,
    ...(expect === undefined ? {} : { expect }),
  });
  return requireMoved(world.agent, result);
}

/** Why the way back from quarantine cannot be practised now, or null. */
function quarantineObstacle(request: DrillRequest, route: Route, open: ReleaseRecord | null): string | null {
  if (route.live === route.stable) return "nothing is in quarantine: name a bundle to visit";
  if (route.policy.onRollback === "cancel")
    return "its policy cancels the runs of a rolled-back bundle, and these are users' runs";
  if (request.percent !== 100) return "the way back from quarantine is all or nothing: leave percent out";
  return open === null || open.phase === "quarantine" ? null : `its release is at ${open.phase}`;
}

/** Why going to a bundle and back cannot be practised now, or null. */
function trialObstacle(bundle: BundleId, route: Route, open: ReleaseRecord | null): string | null {
  if (open !== null) return `its release ${open.id} is under way`;
  if (route.live !== route.stable || route.candidate !== null) return "its route is not settled";
  return bundle === route.live ? `${bundle} is live: name another` : null;
}

/** Where the drill starts: everything in its place, and nothing under way that it would disturb. */
async function readyRoute(world: World, request: DrillRequest): Promise<Route> {
  const { agent, router } = world;
  const { bundle } = request;
  const route = (await router.refresh())?.route ?? null;
  if (route === null)
    throw new VerdigrisError("no-route", `${agent} has no route yet: there is nothing to drill`, { agent });
  const release = (await loadCurrent(world)).current?.record ?? null;
  const open = release?.outcome === null ? release : null;
  const why = bundle === null ? quarantineObstacle(request, route, open) : trialObstacle(bundle, route, open);
  if (why !== null) throw refusedDrill(agent, why);
  return route;
}

/** Brings the practice to where a real one would begin: runs start on the bundle that is to be left. */
async function goThere(world: World, request: DrillRequest, route: Route): Promise<Route> {
  const { bundle, percent } = request;
  if (bundle === null) return route;
  const staged = await move(world, request, { verb: "stage", bundle }, route.generation);
  const there: RouteMove = percent === 100 ? { verb: "flip", bundle } : { verb: "setCanary", percent };
  const gone = await move(world, request, there, staged.generation);
  await world.router.propagation(gone);
  return gone;
}

async function waitUntilGone(world: World, bundle: BundleId, ms: number): Promise<boolean> {
  const { clock, pinning } = world;
  const until = clock.monotonic() + ms;
  for (;;) {
    const { status, inFlight } = await pinning.drainReport(bundle);
    if (status !== "unknown" && inFlight?.count === 0) return true;
    if (clock.monotonic() >= until) return false;
    await pause(clock, Math.min(500, ms));
  }
}

/** The rollback itself, each part timed. */
async function practise(
  world: World,
  request: DrillRequest,
  from: BundleId,
): Promise<{ readonly times: DrillTimes; readonly confirmed: string; readonly drained: boolean }> {
  const { clock, router } = world;
  const began = clock.monotonic();
  const route = (await router.refresh())?.route;
  const target = judgeTarget(route?.stable ?? "", await router.nodes(), null, await world.time());
  if (target.health === "failed" || target.health === "stale") throw refusedDrill(world.agent, target.text);
  const decided = clock.monotonic();
  const back = await move(world, request, { verb: "rollback" });
  const switched = clock.monotonic();
  const { outcome } = await router.propagation(back);
  const confirmed = clock.monotonic();
  const drained = await waitUntilGone(world, from, request.drainMs);
  const times = {
    decideMs: decided - began,
    switchMs: switched - decided,
    confirmMs: confirmed - switched,
    drainMs: clock.monotonic() - confirmed,
  };
  return { times, confirmed: outcome, drained };
}

function slowestOf(times: DrillTimes): keyof DrillTimes {
  const budgeted: readonly (keyof DrillTimes)[] = ["decideMs", "switchMs", "confirmMs"];
  return budgeted.reduce(
    (worst, part) => (times[part] > times[worst] ? part : worst),
    "decideMs" as keyof DrillTimes,
  );
}

async function open(world: World, request: DrillRequest, route: Route): Promise<string> {
  const { store, keys, newId } = world;
  const id = newId();
  const away = request.bundle ?? route.stable;
  const value = JSON.stringify({
    v: world.format(),
    id,
    by: request.actor,
    home: route.live,
    away,
  } satisfies DrillUnderWay);
  const done = await store.commit([{ op: "put", key: keys.drilling, rev: 0, value }]);
  if (!done.ok)
    throw refusedDrill(world.agent, "another drill is under way; if its process died, recoverDrill ends it");
  return id;
}

async function close(world: World): Promise<void> {
  const { store, keys } = world;
  const entry = (await store.get([keys.drilling])).entries[0] ?? null;
  if (entry !== null) await store.commit([{ op: "del", key: keys.drilling, rev: entry.rev }]);
}

/** Puts the route back to where the drill found it: a drill of the way back from quarantine ends with green live again. */
async function goHome(world: World, request: DrillRequest, before: Route): Promise<void> {
  if (request.bundle !== null) return;
  const now = (await world.router.refresh())?.route;
  const holdbackPercent = before.holdback?.percent ?? 0;
  await move(world, request, { verb: "flip", bundle: before.live, holdbackPercent }, now?.generation);
}

/** Ends a drill whose process died: new runs go to the stable bundle, which is where every drill is safe. */
export async function recoverDrill(world: World, actor: Actor): Promise<boolean> {
  const entry = (await world.store.get([world.keys.drilling])).entries[0] ?? null;
  if (entry === null) return false;
  const { id } = decodeRecord<DrillUnderWay>(entry.key, entry.value);
  await world.router.move({ move: { verb: "rollback" }, actor, reason: `the drill ${id} did not end` });
  await close(world);
  return true;
}

/**
 * Practises a rollback for real, on a share of keys or on everything, and times each part. The route ends where it began;
 * the report is stored, and is not `ok` when new runs were safe and confirmed only after five minutes.
 */
export async function runDrill(world: World, request: DrillRequest): Promise<DrillReport> {
  const { percent } = request;
  if (!(percent > 0 && percent <= 100))
    throw new InvalidArgumentError("percent", `must be more than 0 and at most 100, got ${percent}`);
  const before = await readyRoute(world, request);
  const from = request.bundle ?? before.live;
  const to = before.stable;
  await open(world, request, before);
  try {
    await goThere(world, request, before);
    const { times, confirmed, drained } = await practise(world, request, from);
    await goHome(world, request, before);
    const totalMs = times.decideMs + times.switchMs + times.confirmMs;
    const slowest = slowestOf(times);
    const ok = totalMs <= drillBudgetMs;
    const said = `new runs safe ${(totalMs / 1_000).toFixed(2)} s after the trigger, ${durationText(drillBudgetMs)} allowed`;
    const text = ok
      ? said
      : `${said}; the slowest part is ${slowest} with ${(times[slowest] / 1_000).toFixed(1)} s`;
    const at = await world.time();
    const report: DrillReport = {
      v: world.format(),
      at,
      by: request.actor,
      from,
      to,
      percent,
      times,
      budgetMs: drillBudgetMs,
      totalMs,
      ok,
      slowest,
      confirmed,
      drained,
      text,
    };
    await world.store.commit([
      { op: "put", key: world.keys.drill(at), rev: 0, value: JSON.stringify(report) },
    ]);
    await close(world);
    return report;
  } catch (error) {
    await recoverDrill(world, request.actor);
    throw error;
  }
}
