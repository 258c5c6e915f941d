import { InvalidArgumentError, type ReleasePlan, requireId, VerdigrisError } from "@verdigris/contracts";
import { type Asker, createAsker, freeRoute, holdRoute, refused } from "./asking.ts";
import { denyBundle, liftBundle, listDenied, readDenied } from "./back/deny-list.ts";
import { recoverDrill, runDrill } from "./back/drill.ts";
import { listDrills } from "./back/drill-records.ts";
import { rollBack } from "./back/roll-back.ts";
import { createDriver, type Driver } from "./drive/driver.ts";
import { checkWayBack } from "./drive/own-gates.ts";
import { explainPlan } from "./plan/explain.ts";
import { defineReleasePlan } from "./plan/plan.ts";
import type { ReleasePlanInput } from "./plan/plan-input.ts";
import { readEvidence } from "./records/evidence.ts";
import { listReleases, readHistory } from "./records/history.ts";
import { readStatus } from "./records/release-status.ts";
import { waitUntil } from "./records/wait-until.ts";
import { bundleRef, openWorld, type World } from "./records/world.ts";
import type { Releases, ReleasesOptions } from "./releases.ts";
import { startRelease } from "./start/start-release.ts";

const skippable: readonly string[] = ["smoke", "evals", "shadow", "way-back", "canary", "quarantine"];

/** How far back `explain` asks what the live bundle's signals need. */
const rateWindowMs = 28_800_000;

type Verbs = Pick<Releases, "start" | "approve" | "hold" | "resume" | "abort" | "retry" | "skip">;
type WayBack = Pick<Releases, "rollback" | "drill" | "recoverDrill" | "deny" | "lift" | "checkRollback">;
type Sights = Omit<
  Releases,
  keyof Verbs | keyof WayBack | "drive" | "close" | "agent" | typeof Symbol.asyncDispose
>;

function planOf(plan: ReleasePlan | ReleasePlanInput): ReleasePlan {
  return "v" in plan ? plan : defineReleasePlan(plan);
}

function createVerbs(world: World, asker: Asker, newId: () => string): Verbs {
  const { agent } = world;
  const { ask, permit } = asker;
  return {
    async start({
      bundle,
      plan,
      reason,
      id = newId(),
      supersede = false,
      handOver = null,
      emergency = false,
      ...who
    }) {
      const checked = planOf(plan);
      const actor = await permit("release-start", who.actor, reason, { bundle: requireId("bundle", bundle) });
      if (emergency && actor.kind !== "person")
        throw refused(
          agent,
          null,
          "machine-may-not",
          `${actor.id} is no person, and only one may start an emergency`,
        );
      // Whatever froze the route was about the bundle that the emergency replaces.
      if (emergency) await freeRoute(world, actor, null, reason);
      const request = { bundle, plan: checked, reason, actor, supersede, handOver, emergency };
      return startRelease(world, { id: requireId("id", id), ...request });
    },
    approve: async ({ evidence, ...asking }) => ask("release-approve", asking, { type: "approve", evidence }),
    hold: async (asking) =>
      ask("release-hold", asking, { type: "hold", why: asking.reason }, (actor, release) =>
        holdRoute(world, actor, release, asking.reason),
      ),
    resume: async (asking) =>
      ask("release-resume", asking, { type: "resume", reason: asking.reason }, (actor, release) =>
        freeRoute(world, actor, release, asking.reason),
      ),
    abort: async (asking) => ask("release-abort", asking, { type: "abort", reason: asking.reason }),
    retry: async (asking) => ask("release-retry", asking, { type: "retry", reason: asking.reason }),
    async skip({ gate, ...asking }) {
      if (!skippable.includes(gate))
        throw new InvalidArgumentError("gate", `must be one of ${skippable.join(", ")}`);
      return ask("release-skip", asking, { type: "skip", gate, reason: asking.reason });
    },
  };
}

function createWayBack(world: World, asker: Asker, options: ReleasesOptions): WayBack {
  const { permit, find } = asker;
  return {
    async rollback({ reason, actor, force = false }) {
      return rollBack(world, options, { actor: await permit("rollback", actor, reason), reason, force });
    },
    async drill({ reason, actor, bundle = null, percent = 100, drainMs = 60_000 }) {
      const by = await permit(
        "drill",
        actor,
        reason,
        bundle === null ? {} : { bundle: requireId("bundle", bundle) },
      );
      return runDrill(world, { actor: by, reason, bundle, percent, drainMs });
    },
    recoverDrill: async ({ reason, actor }) => recoverDrill(world, await permit("drill", actor, reason)),
    async deny(bundle, { reason, actor }) {
      const by = await permit("deny", actor, reason, { bundle: requireId("bundle", bundle) });
      await denyBundle(world, {
        bundle: await bundleRef(world, bundle),
        by,
        why: reason,
        at: await world.time(),
      });
    },
    async lift(bundle, { reason, actor }) {
      await permit("lift", actor, reason, { bundle: requireId("bundle", bundle) });
      return liftBundle(world, bundle);
    },
    async checkRollback({ release } = {}) {
      const found = await find(release);
      const stable = (await world.router.refresh())?.route.stable;
      if (stable === undefined)
        throw new VerdigrisError("no-route", `${world.agent} has no route yet: there is no way back`, {
          agent: world.agent,
        });
      return checkWayBack(world, options, found, found.switch?.target ?? (await bundleRef(world, stable)));
    },
  };
}

function createSights(world: World, asker: Asker, options: ReleasesOptions): Sights {
  return {
    waitUntil: async (phase, { release, ...how } = {}) =>
      waitUntil(world, (await asker.find(release)).id, phase, how),
    status: async ({ release } = {}) =>
      readStatus(world, release === undefined ? undefined : (await asker.find(release)).id),
    list: () => listReleases(world),
    history: async (release) => readHistory(world, requireId("release", release)),
    evidence: (digest) => readEvidence(world, digest),
    async explain(plan) {
      const checked = planOf(plan);
      const live = (await world.router.refresh())?.route.live ?? null;
      const runsPerHour = (await options.runsPerHour?.()) ?? null;
      const since = (await world.time()) - rateWindowMs;
      const asked =
        live === null ? [] : options.signals?.({ bundle: live, since, baseline: { kind: "floor" } });
      const signals = (await asked) ?? [];
      return explainPlan(checked, { runsPerHour, signals });
    },
    isDenied: async (bundle) => (await readDenied(world, bundle)) !== null,
    denied: () => listDenied(world),
    drills: () => listDrills(world),
  };
}

/** The releases of one agent, over its store alone; the ports say what this process can do when it drives. */
export function createReleases(options: ReleasesOptions): Releases {
  const { tickMs = 30_000, onError = () => {} } = options;
  if (!(tickMs >= 10 && tickMs <= 600_000))
    throw new InvalidArgumentError("tickMs", `must be 10 to 600000, got ${tickMs}`);
  const world = openWorld(options);
  const asker = createAsker(world, options);
  const drivers = new Set<Driver>();
  const close = async (): Promise<void> => {
    await Promise.all([...drivers].map((driver) => driver.close()));
    await world.close();
  };
  return {
    agent: world.agent,
    ...createVerbs(world, asker, world.newId),
    ...createWayBack(world, asker, options),
    ...createSights(world, asker, options),
    drive() {
      const driver = createDriver({ world, ports: options, id: world.newId(), tickMs, onError });
      drivers.add(driver);
      driver.wake();
      return driver;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
