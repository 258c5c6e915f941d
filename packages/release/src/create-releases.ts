import { InvalidArgumentError, type ReleasePlan, requireId } from "@verdigris/contracts";
import { freeRoute, refused } from "./asking.ts";
import { type OpenOnCall, openOnCall } from "./create-on-call.ts";
import { createDriver, type Driver } from "./drive/driver.ts";
import { explainPlan } from "./plan/explain.ts";
import { defineReleasePlan } from "./plan/plan.ts";
import type { ReleasePlanInput } from "./plan/plan-input.ts";
import type { Releases, ReleasesOptions } from "./releases.ts";
import { startRelease } from "./start/start-release.ts";

/** How far back `explain` asks what the live bundle's signals need. */
const rateWindowMs = 28_800_000;

function planOf(plan: ReleasePlan | ReleasePlanInput): ReleasePlan {
  return "v" in plan ? plan : defineReleasePlan(plan);
}

function createStart({ world, asker }: OpenOnCall): Releases["start"] {
  const { agent, newId } = world;
  return async ({
    bundle,
    plan,
    reason,
    id = newId(),
    supersede = false,
    handOver = null,
    emergency = false,
    ...who
  }) => {
    const checked = planOf(plan);
    const actor = await asker.permit("release-start", who.actor, reason, {
      bundle: requireId("bundle", bundle),
    });
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
  };
}

function createExplain({ world }: OpenOnCall, options: ReleasesOptions): Releases["explain"] {
  return async (plan) => {
    const checked = planOf(plan);
    const live = (await world.router.refresh())?.route.live ?? null;
    const runsPerHour = (await options.runsPerHour?.()) ?? null;
    const since = (await world.time()) - rateWindowMs;
    const asked =
      live === null ? [] : options.signals?.({ bundle: live, since, baseline: { kind: "floor" } });
    const signals = (await asked) ?? [];
    return explainPlan(checked, { runsPerHour, signals });
  };
}

/** The releases of one agent, over its store alone; the ports say what this process can do when it drives. */
export function createReleases(options: ReleasesOptions): Releases {
  const { tickMs = 30_000, onError = () => {} } = options;
  if (!(tickMs >= 10 && tickMs <= 600_000))
    throw new InvalidArgumentError("tickMs", `must be 10 to 600000, got ${tickMs}`);
  const opened = openOnCall(options);
  const { world, onCall } = opened;
  const drivers = new Set<Driver>();
  const close = async (): Promise<void> => {
    await Promise.all([...drivers].map((driver) => driver.close()));
    await onCall.close();
  };
  return {
    ...onCall,
    start: createStart(opened),
    explain: createExplain(opened, options),
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
