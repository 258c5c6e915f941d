import {
  type Actor,
  type BundleId,
  type Propagation,
  type ReleaseRecord,
  type Route,
  VerdigrisError,
} from "@verdigris/contracts";
import type { ReleasePorts } from "../drive/ports.ts";
import { applyEvent, loadCurrent } from "../records/release-store.ts";
import { bundleRef, type World } from "../records/world.ts";
import { denyBundle } from "./deny-list.ts";
import { type Impact, impactOf } from "./impact.ts";
import { judgeTarget, type TargetHealth } from "./rollback-target.ts";

/** What a rollback did. Two times matter: from `newRunsSafeAt` no run can start on the bad bundle; `report` tells when the last is gone. */
export interface RollbackReport {
  readonly outcome: "rolled-back" | "unchanged" | "frozen";
  readonly generation: number;
  readonly from: BundleId | null;
  readonly to: BundleId;
  readonly target: TargetHealth;
  /** Store time; null where nothing moved. */
  readonly newRunsSafeAt: number | null;
  /** Trigger to new runs safe. */
  readonly elapsedMs: number;
  readonly release: string | null;
  /** False when the bundle could not be denied or the release not ended yet: repeat the call. */
  readonly written: boolean;
  /** Runs that are left on the bad bundle, and what the route's policy does with them. */
  readonly impact: Impact | null;
  /** Resolves once every process has applied it or expired; never rejects. */
  readonly confirmed: Promise<Propagation>;
}

/** What a rollback asks for. */
export interface RollbackRequest {
  readonly actor: Actor;
  readonly reason: string;
  /** Goes back though the target is not known to be well, or the bundle not safe to roll back. */
  readonly force: boolean;
}

const offers = ["force", "hold", "emergency release"] as const;

function unhealthy(agent: string, target: TargetHealth): VerdigrisError {
  const message = `${target.text}: force the rollback, hold, or release another bundle as an emergency`;
  return new VerdigrisError("rollback-refused", message, { agent, target, offers });
}

function badBundle(route: Route): BundleId | null {
  return route.live === route.stable ? route.candidate : route.live;
}

/** The move itself comes first and needs nothing but the store; what follows it can be repeated by anybody. */
async function writeDown(
  world: World,
  release: ReleaseRecord | null,
  bad: BundleId | null,
  request: RollbackRequest,
  moved: { readonly at: number; readonly generation: number; readonly decidedAt: number },
): Promise<void> {
  const { actor, reason: why } = request;
  const { at, generation, decidedAt } = moved;
  if (bad !== null) await denyBundle(world, { bundle: await bundleRef(world, bad), by: actor, why, at });
  if (release === null || release.bundle.id !== bad) return;
  await applyEvent(world, release.id, { type: "rolled-back", generation, why, decidedAt, at, actor });
}

async function freeze(
  world: World,
  release: ReleaseRecord,
  route: Route,
  request: RollbackRequest,
  target: TargetHealth,
): Promise<RollbackReport> {
  const { actor, reason } = request;
  const why = `frozen instead of rolled back, which is not safe for ${release.bundle.id}: ${reason}`;
  const held = await world.router.move({ move: { verb: "hold", why }, actor, reason });
  const at = await world.time();
  await applyEvent(world, release.id, { type: "hold", why, at, actor });
  const generation = "generation" in held ? held.generation : route.generation;
  const { incarnation, live, stable } = route;
  const confirmed = world.router.propagation({ incarnation, generation });
  return {
    outcome: "frozen",
    generation,
    from: live,
    to: stable,
    target,
    newRunsSafeAt: null,
    elapsedMs: 0,
    release: release.id,
    written: true,
    impact: null,
    confirmed,
  };
}

/** What a rollback decides on, read in as few trips as it takes. */
interface Scene {
  readonly route: Route;
  readonly release: ReleaseRecord | null;
  readonly target: TargetHealth;
  readonly bad: BundleId | null;
  readonly decidedAt: number;
}

async function survey(world: World): Promise<Scene> {
  const { agent, router } = world;
  const route = (await router.refresh())?.route ?? null;
  if (route === null) throw noRoute(agent);
  // Neither a broken release record nor a lost list of nodes may stand in the way.
  const [decidedAt, release, nodes] = await Promise.all([
    world.time(),
    loadCurrent(world).then(
      ({ current }) => current?.record ?? null,
      () => null,
    ),
    router.nodes().catch(() => []),
  ]);
  const target = judgeTarget(route.stable, nodes, release?.wayBack ?? null, decidedAt);
  return { route, release, target, bad: badBundle(route), decidedAt };
}

function noRoute(agent: string): VerdigrisError {
  return new VerdigrisError("no-route", `${agent} has no route yet: there is nothing to roll back`, {
    agent,
  });
}

/** True where the bundle's plan says that going back would break more than it mends. */
function mustFreeze({ bad }: Scene, release: ReleaseRecord): boolean {
  const own = release.outcome === null && release.bundle.id === bad;
  return own && release.switch !== null && !release.plan.rollbackSafe;
}

/**
 * Sends new runs back to the recorded stable bundle in one commit, and writes down what follows: the bad bundle is denied,
 * its release has ended, its memory is to be parked. Needs no driver, no pipeline and no code but this; repeating it is
 * harmless and finishes what another left half done. A failing follow-up never undoes or hides the move.
 *
 * Rejects with `no-route`, and with `rollback-refused` where the target failed its last check or stood only in processes
 * that are gone (`details.target`, `details.offers`), unless forced.
 */
export async function rollBack(
  world: World,
  ports: Pick<ReleasePorts, "touched">,
  request: RollbackRequest,
): Promise<RollbackReport> {
  const { agent, clock, router } = world;
  const began = clock.monotonic();
  const scene = await survey(world);
  const { route, release, target, decidedAt } = scene;
  const wanted = scene.bad !== null || route.holdback !== null;
  if (wanted && !request.force) {
    if (release !== null && mustFreeze(scene, release)) return freeze(world, release, route, request, target);
    if (target.health === "failed" || target.health === "stale") throw unhealthy(agent, target);
  }
  const moved = await moveBack(world, request);
  const elapsedMs = clock.monotonic() - began;
  const at = await world.time();
  const from = scene.bad ?? lastBad(release, route);
  const { generation, outcome, incarnation } = moved;
  // New runs are safe; what cannot be written down now is written by a driver, or by the next call.
  const written = await writeDown(world, release, from, request, { at, generation, decidedAt }).then(
    () => true,
    () => false,
  );
  return {
    outcome: outcome === "moved" ? "rolled-back" : "unchanged",
    generation,
    from,
    to: route.stable,
    target,
    newRunsSafeAt: outcome === "moved" ? at : null,
    elapsedMs,
    release: release?.id ?? null,
    written,
    impact: from === null ? null : await impactOf(world, ports, from, release).catch(() => null),
    confirmed: router.propagation({ incarnation, generation }),
  };
}

interface Moved {
  readonly outcome: "moved" | "unchanged" | "duplicate";
  readonly generation: number;
  readonly incarnation: string;
}

async function moveBack(world: World, { actor, reason }: RollbackRequest): Promise<Moved> {
  const { agent, router } = world;
  const result = await router.move({ move: { verb: "rollback" }, actor, reason });
  if (result.outcome !== "conflict" && result.outcome !== "refused")
    return { outcome: result.outcome, generation: result.generation, incarnation: result.route.incarnation };
  const message = `the route of ${agent} kept moving: roll back again`;
  throw new VerdigrisError("route-contended", message, { agent });
}

/** The bundle an earlier call took off the route and could not write down. */
function lastBad(release: ReleaseRecord | null, route: Route): BundleId | null {
  if (release === null || release.outcome !== null) return null;
  const off = route.retiring.some(({ bundle, rolledBack }) => rolledBack && bundle === release.bundle.id);
  return off ? release.bundle.id : null;
}
