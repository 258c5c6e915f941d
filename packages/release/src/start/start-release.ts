import {
  isVerdigrisError,
  type ReleaseRecord,
  type Route,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { requireNotDenied } from "../back/deny-list.ts";
import { lastGoodDrill } from "../back/drill-records.ts";
import { transition } from "../machine/transition.ts";
import { durationText } from "../plan/duration.ts";
import { mostUnrecycled } from "../records/release-status.ts";
import {
  loadCurrent,
  loadRelease,
  type ReleasePointer,
  type StoredRelease,
  stepOps,
} from "../records/release-store.ts";
import { registeredBundle, type World } from "../records/world.ts";
import { newRelease, type StartRequest } from "./new-release.ts";
import { inProgress, takeOver } from "./take-over.ts";

const attempts = 5;

async function checkStart(
  world: World,
  request: StartRequest,
  route: Route | null,
  at: number,
): Promise<void> {
  const { agent } = world;
  const { bundle, plan } = request;
  await requireNotDenied(world, bundle);
  if (route !== null && route.retiring.length >= mostUnrecycled) {
    const message = `${route.retiring.length} bundles of ${agent} cannot be recycled yet: see canRecycle for what holds them`;
    throw new VerdigrisError("too-many-bundles", message, { agent, retiring: route.retiring.length });
  }
  if (plan.drillWithinMs === null || request.emergency) return;
  const drill = await lastGoodDrill(world);
  if (drill !== null && at - drill.at <= plan.drillWithinMs) return;
  const last = drill === null ? "there is none" : `the last is ${durationText(at - drill.at)} old`;
  const message = `the plan asks for a good drill within ${durationText(plan.drillWithinMs)}, and ${last}: drill first`;
  throw new VerdigrisError("drill-required", message, {
    agent,
    withinMs: plan.drillWithinMs,
    lastAt: drill?.at ?? null,
  });
}

async function draft(
  world: World,
  request: StartRequest,
  before: StoredRelease | null,
): Promise<ReleaseRecord> {
  const { agent } = world;
  const route = (await world.router.refresh())?.route ?? null;
  const at = await world.time();
  await checkStart(world, request, route, at);
  const takesOver = takeOver(request, before?.record ?? null, route, agent);
  const bundle = await registeredBundle(world, request.bundle);
  if (route !== null && (route.live === bundle.id || route.stable === bundle.id)) {
    const role = route.live === bundle.id ? "live" : "stable";
    throw inProgress(agent, `${bundle.id} is on the route already: it is ${role}`, { route });
  }
  const from = takesOver === "supersedes" ? route?.stable : route?.live;
  const baseline = from === undefined ? null : await registeredBundle(world, from);
  return newRelease({ agent, request, at, takesOver, bundle, baseline, generation: route?.generation ?? 0 });
}

/** The end of the release before, written in the commit that starts the next: there is never a moment with two. */
function endBefore(
  world: World,
  request: StartRequest,
  before: StoredRelease | null,
  how: ReleaseRecord["takesOver"],
  at: number,
): readonly StoreOp[] {
  if (before === null || before.record.outcome !== null) return [];
  const proven = how !== "supersedes";
  const event = {
    type: "taken-over",
    how: proven ? "handed-over" : "superseded",
    by: request.id,
    actor: request.actor,
    at,
  } as const;
  const done = transition(before.record, event);
  if (done.kind !== "moved") return [];
  const effects = done.effects.map(({ key }) => key);
  const facts = {
    id: world.newId(),
    event: event.type,
    actor: request.actor,
    at,
    reason: request.id,
    effects,
  };
  return stepOps(world, before, done.record, facts).ops;
}

function refuseOther(existing: ReleaseRecord, request: StartRequest): ReleaseRecord {
  if (existing.bundle.id === request.bundle) return existing;
  const message = `${request.id} is the release of ${existing.bundle.id}: give the release of ${request.bundle} its own id`;
  throw new VerdigrisError("release-in-progress", message, {
    release: request.id,
    bundle: existing.bundle.id,
  });
}

/**
 * Puts a release on record; a driver takes it from there. Asked again under the same id, it answers with the release it
 * started. Rejects with `release-in-progress`, `bundle-denied`, `bundle-unknown`, `drill-required`, `too-many-bundles`.
 */
export async function startRelease(world: World, request: StartRequest): Promise<ReleaseRecord> {
  const { store, keys, newId } = world;
  for (let tries = 0; tries < attempts; tries++) {
    const existing = await loadRelease(world, request.id);
    if (existing !== null) return refuseOther(existing.record, request);
    const { current, pointerRev } = await loadCurrent(world);
    const first = await draft(world, request, current);
    const { actor, reason } = request;
    const facts = { id: newId(), event: "started", actor, at: first.startedAt, reason, effects: [] };
    const { ops, record } = stepOps(world, null, first, facts);
    const value = JSON.stringify({ v: world.format(), release: request.id } satisfies ReleasePointer);
    const pointer: StoreOp = { op: "put", key: keys.releasing, rev: pointerRev, value };
    try {
      const last = endBefore(world, request, current, first.takesOver, first.startedAt);
      if ((await store.commit([pointer, ...ops, ...last])).ok) return record;
    } catch (error) {
      // The next look finds the release under its id if the commit happened.
      if (!isVerdigrisError(error, "store-indeterminate")) throw error;
    }
  }
  const message = `others kept starting or moving releases of ${world.agent}: look at its status and try again`;
  throw new VerdigrisError("release-contended", message, { agent: world.agent, release: request.id });
}
