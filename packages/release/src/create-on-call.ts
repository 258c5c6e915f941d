import { InvalidArgumentError, requireId, VerdigrisError } from "@verdigris/contracts";
import { type Asker, createAsker, freeRoute, holdRoute } from "./asking.ts";
import { checkWayBack } from "./back/check-way-back.ts";
import { denyBundle, liftBundle, listDenied, readDenied, requireNotDenied } from "./back/deny-list.ts";
import { recoverDrill, runDrill } from "./back/drill.ts";
import { listDrills } from "./back/drill-records.ts";
import { rollBack } from "./back/roll-back.ts";
import { readEvidence } from "./records/evidence.ts";
import { listReleases, readHistory } from "./records/history.ts";
import { readStatus } from "./records/release-status.ts";
import { waitUntil } from "./records/wait-until.ts";
import { bundleRef, openWorld, type World } from "./records/world.ts";
import type { OnCall, OnCallOptions } from "./releases.ts";

const skippable: readonly string[] = ["smoke", "evals", "shadow", "way-back", "canary", "quarantine"];

type Verbs = Pick<OnCall, "approve" | "hold" | "resume" | "abort" | "retry" | "skip">;
type WayBack = Pick<OnCall, "rollback" | "drill" | "recoverDrill" | "deny" | "lift" | "checkRollback">;
type Sights = Omit<OnCall, keyof Verbs | keyof WayBack | "close" | "agent" | typeof Symbol.asyncDispose>;

function createVerbs(world: World, { ask }: Asker): Verbs {
  return {
    approve: async ({ evidence, ...asking }) =>
      ask("release-approve", asking, { type: "approve", evidence, reason: asking.reason }),
    hold: async (asking) =>
      ask("release-hold", asking, { type: "hold", why: asking.reason }, (actor, release) =>
        holdRoute(world, actor, release, asking.reason),
      ),
    resume: async (asking) =>
      ask("release-resume", asking, { type: "resume", reason: asking.reason }, (actor, release) =>
        freeRoute(world, actor, release, asking.reason),
      ),
    abort: async (asking) => ask("release-abort", asking, { type: "abort", reason: asking.reason }),
    retry: async (asking) =>
      ask("release-retry", asking, { type: "retry", reason: asking.reason }, (_, { bundle }) =>
        requireNotDenied(world, bundle.id),
      ),
    async skip({ gate, ...asking }) {
      if (!skippable.includes(gate))
        throw new InvalidArgumentError("gate", `must be one of ${skippable.join(", ")}`);
      return ask("release-skip", asking, { type: "skip", gate, reason: asking.reason });
    },
  };
}

function createWayBack(world: World, asker: Asker, options: OnCallOptions): WayBack {
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
      const by = await permit("lift", actor, reason, { bundle: requireId("bundle", bundle) });
      return liftBundle(world, bundle, { actor: by, reason, at: await world.time() });
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

function createSights(world: World, asker: Asker): Sights {
  return {
    waitUntil: async (phase, { release, ...how } = {}) =>
      waitUntil(world, (await asker.find(release)).id, phase, how),
    status: async ({ release } = {}) =>
      readStatus(world, release === undefined ? undefined : (await asker.find(release)).id),
    list: () => listReleases(world),
    history: async (release) => readHistory(world, requireId("release", release)),
    evidence: (digest) => readEvidence(world, digest),
    isDenied: async (bundle) => (await readDenied(world, bundle)) !== null,
    denied: () => listDenied(world),
    drills: () => listDrills(world),
  };
}

/** What the on-call has, and what it stands on. */
export interface OpenOnCall {
  readonly world: World;
  readonly asker: Asker;
  readonly onCall: OnCall;
}

/** Opens an agent's records for its on-call. */
export function openOnCall(options: OnCallOptions): OpenOnCall {
  const world = openWorld(options);
  const asker = createAsker(world, options);
  const onCall = {
    agent: world.agent,
    ...createVerbs(world, asker),
    ...createWayBack(world, asker, options),
    ...createSights(world, asker),
    close: world.close,
    [Symbol.asyncDispose]: world.close,
  };
  return { world, asker, onCall };
}

/**
 * The on-call's part of an agent's releases: everything but to start and to drive them. It needs the store alone, and loads
 * neither the schema of plans nor what drives, so that a command line is quick.
 */
export function createOnCall(options: OnCallOptions): OnCall {
  return openOnCall(options).onCall;
}
