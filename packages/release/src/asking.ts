import {
  type Actor,
  type BundleId,
  type Digest,
  InvalidArgumentError,
  type ReleaseRecord,
  requireId,
  VerdigrisError,
} from "@verdigris/contracts";
import { type ActorInput, type Authority, createAuthority } from "@verdigris/run-pinning";
import type { AskedEvent } from "./machine/events.ts";
import { evidenceDigest } from "./machine/record.ts";
import { applyEvent, loadCurrent, loadRelease } from "./records/release-store.ts";
import type { World } from "./records/world.ts";
import type { Asking, OnCallOptions, ReleaseVerb } from "./releases.ts";

/** How a person's word reaches a release: who asks, whether they may, and what it does. */
export interface Asker {
  /** Who asks; rejects with `not-authorized` unless they may. */
  permit(
    verb: ReleaseVerb,
    given: ActorInput | undefined,
    reason: string,
    of?: { readonly bundle?: BundleId; readonly evidence?: Digest },
  ): Promise<Actor>;
  /** A release by its id, or the current one; rejects with `release-unknown`. */
  find(id: string | undefined): Promise<ReleaseRecord>;
  /** Lets a verb happen to a release; rejects with `release-refused` where it does not fit. */
  ask(
    verb: ReleaseVerb,
    asking: Asking,
    event: AskedEvent,
    before?: (actor: Actor, release: ReleaseRecord) => Promise<void>,
  ): Promise<ReleaseRecord>;
}

/** A verb that does not fit. */
export function refused(
  agent: string,
  release: string | null,
  refusal: string,
  message: string,
): VerdigrisError {
  return new VerdigrisError("release-refused", message, { agent, release, refusal });
}

function requireReason(verb: string, reason: unknown): string {
  if (typeof reason === "string" && reason.trim() !== "" && reason.length <= 1_000) return reason;
  throw new InvalidArgumentError("reason", `is required for ${verb}: say why, in 1,000 characters at most`);
}

/** Creates the asker of one agent; every verb asks its authority. */
export function createAsker(world: World, options: OnCallOptions): Asker {
  const { agent, store, clock, newId, router } = world;
  const { identity, authorize, actor: fallback } = options;
  const now = (): number => router.time.now();
  const authority: Authority<ReleaseVerb> = createAuthority({
    agent,
    store,
    clock,
    newId,
    now,
    format: world.format,
    fallback,
    identity,
    authorize,
  });

  const permit: Asker["permit"] = async (verb, given, reason, { bundle = null, evidence = null } = {}) => {
    requireReason(verb, reason);
    const actor = await authority.actor(given);
    const generation = router.snapshot()?.route.generation ?? 0;
    await authority.require(actor, verb, { generation, bundle, reason, evidence });
    return actor;
  };
  const find: Asker["find"] = async (id) => {
    const found =
      id === undefined
        ? (await loadCurrent(world)).current
        : await loadRelease(world, requireId("release", id));
    if (found !== null) return found.record;
    const what = id === undefined ? "no release" : `no release ${id}`;
    throw new VerdigrisError("release-unknown", `${agent} has ${what}`, { agent, release: id ?? null });
  };
  return {
    permit,
    find,
    async ask(verb, asking, event, before) {
      const release = await find(asking.release);
      const of = { bundle: release.bundle.id, evidence: evidenceDigest(release) };
      const actor = await permit(verb, asking.actor, asking.reason, of);
      await before?.(actor, release);
      const done = await applyEvent(world, release.id, { ...event, actor, at: await world.time() });
      if (done.kind === "refused") throw refused(agent, release.id, done.refusal, done.message);
      return done.stored.record;
    },
  };
}

/** A person's hold stops the route as well: a step that is under way in some driver loses its race against it. */
export async function holdRoute(
  world: World,
  actor: Actor,
  release: ReleaseRecord,
  reason: string,
): Promise<void> {
  if (actor.kind !== "person" || release.outcome !== null) return;
  await world.router.move({ move: { verb: "hold", why: reason }, actor, reason });
}

/** Frees the route before the release goes on, so that its next move is not refused. */
export async function freeRoute(
  world: World,
  actor: Actor,
  release: ReleaseRecord | null,
  reason: string,
): Promise<void> {
  const route = (await world.router.refresh())?.route ?? null;
  if (route === null || route.held === null || (release !== null && release.outcome !== null)) return;
  const result = await world.router.move({
    move: { verb: "release" },
    actor,
    reason,
    expect: route.generation,
  });
  if (result.outcome === "refused")
    throw refused(world.agent, release?.id ?? null, result.refusal, result.message);
}
