import type {
  GateAnswer,
  GateContext,
  MoveResult,
  ReleaseEffect,
  ReleaseRecord,
  Route,
  RouteMove,
} from "@verdigris/contracts";
import { isForward } from "@verdigris/router";
import { notDenied } from "../back/check-way-back.ts";
import { denyBundle } from "../back/deny-list.ts";
import type { SeenEvent } from "../machine/events.ts";
import { evidenceDigest } from "../machine/record.ts";
import { keepEvidence } from "../records/evidence.ts";
import type { World } from "../records/world.ts";
import { bounded, messageOf } from "./bounded.ts";
import { builtGate, wayBackGate } from "./own-gates.ts";
import type { ReleasePorts } from "./ports.ts";

type Effect<K extends ReleaseEffect["kind"]> = ReleaseEffect & { readonly kind: K };

/** An event with the store time it happened at, where that is not now. */
export type Outcome = SeenEvent & { readonly at?: number };

/** The route as a release looks at it. */
export function routeSeen(route: Route): Outcome {
  const { live, stable, candidate, canary, held, generation } = route;
  return { type: "route", route: { live, stable, candidate, canary, held, generation } };
}

function outcomeOf(key: string, result: MoveResult): Outcome | null {
  switch (result.outcome) {
    case "moved":
    case "unchanged":
    case "duplicate":
      return { type: "moved", key, generation: result.generation };
    case "conflict":
      return result.route === null ? null : routeSeen(result.route);
    case "refused":
      return { type: "refused", key, refusal: result.refusal, message: result.message };
  }
}

/** True for a move that gives the candidate more users than it has. */
function sendsUsers({ bundle }: ReleaseRecord, route: Route | null, move: RouteMove): boolean {
  const isOver = route?.live === bundle.id;
  return !isOver && (move.verb === "flip" || move.verb === "setCanary") && isForward(route, move);
}

/**
 * Makes one move of a release. The request id is the effect's key, so whoever repeats it gets the first answer; a move
 * forward names the generation it was decided on, so nobody's change in between is overlooked. A bundle that was denied
 * meanwhile gets no more users, whatever gate was passed over.
 */
export async function makeMove(
  world: World,
  release: ReleaseRecord,
  effect: Effect<"move">,
): Promise<Outcome | null> {
  const { move, actor, reason, key } = effect;
  const route = (await world.router.refresh())?.route ?? null;
  if (sendsUsers(release, route, move)) {
    const allowed = await notDenied(world, release.bundle);
    if (!allowed.ok) return { type: "refused", key, refusal: "denied", message: allowed.text };
  }
  const expect = isForward(route, move) ? { expect: route === null ? 0 : release.generation } : {};
  const result = await world.router.move({
    move,
    actor,
    reason: reason.slice(0, 1_900),
    requestId: key,
    evidence: evidenceDigest(release),
    ...expect,
  });
  return outcomeOf(key, result);
}

/** Writes a bundle on the deny list. */
export async function deny(world: World, effect: Effect<"deny">): Promise<Outcome> {
  const { bundle, by, why, key } = effect;
  await denyBundle(world, { bundle, by, why, at: await world.time() });
  return { type: "done", key };
}

/** True for an effect this process can carry out: what it has no port for is left to a process that does. */
export function canCarryOut(ports: ReleasePorts, effect: ReleaseEffect): boolean {
  if (effect.kind === "hook") return ports.hook !== undefined;
  if (effect.kind === "state") return ports.state !== undefined;
  if (effect.kind !== "gate" || effect.gate === "built" || effect.gate === "way-back") return true;
  return ports.gates?.[effect.gate] !== undefined;
}

/** The context of a gate: what it judges, and where it keeps what it found. */
export function gateContext(
  world: World,
  release: ReleaseRecord,
  asked: Pick<GateContext, "gate" | "attempt" | "signal"> & Partial<Pick<GateContext, "bundle" | "baseline">>,
): GateContext {
  const { agent } = world;
  const { id, bundle, baseline } = release;
  return {
    agent,
    release: id,
    bundle,
    baseline,
    keep: (evidence) => keepEvidence(world, evidence),
    ...asked,
  };
}

async function askGate(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  effect: Effect<"gate">,
  stop: AbortSignal,
): Promise<Outcome> {
  const { gate, attempt } = effect;
  const context = gateContext(world, release, { gate, attempt, signal: stop });
  const answer = async (): Promise<GateAnswer> => {
    if (gate === "built") return builtGate(world, ports, context);
    if (gate === "way-back") return wayBackGate(world, ports, release, context);
    const given = await ports.gates?.[gate]?.(context);
    return given ?? { verdict: "error", summary: "the gate answered nothing", evidence: null };
  };
  const failed = (error: unknown): GateAnswer => ({
    verdict: "error",
    summary: messageOf(error),
    evidence: null,
  });
  return { type: "answered", gate, attempt, answer: await answer().catch(failed) };
}

async function callHook(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  effect: Effect<"hook">,
  stop: AbortSignal,
): Promise<Outcome> {
  const { key, phase, when, inRollback } = effect;
  const { hook } = ports;
  const { agent, clock } = world;
  const { id, bundle, baseline, plan } = release;
  if (hook === undefined) return { type: "failed", key, why: "this process has no hook" };
  const call = {
    key,
    agent,
    release: id,
    phase,
    when,
    inRollback,
    bundle,
    baseline,
    evidence: evidenceDigest(release),
  };
  await bounded(clock, plan.hookTimeoutMs, "the hook", stop, (signal) => hook({ ...call, signal }));
  return { type: "done", key };
}

const noticeMs = 10_000;
const noticeTries = 3;

async function tellPeople(
  { agent, clock }: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  effect: Effect<"notify">,
  stop: AbortSignal,
): Promise<Outcome> {
  const { key, topic, text } = effect;
  const { notify } = ports;
  for (let tries = 0; notify !== undefined && tries < noticeTries && !stop.aborted; tries++) {
    const notice = { key, agent, release: release.id, topic, text };
    const told = await bounded(clock, noticeMs, "notify", stop, () => notify(notice)).then(
      () => true,
      () => false,
    );
    if (told) break;
  }
  // Nobody's deafness stops a release.
  return { type: "done", key };
}

async function changeState(ports: ReleasePorts, effect: Effect<"state">): Promise<Outcome> {
  const { key, change, bundle } = effect;
  await ports.state?.[change](bundle);
  return { type: "done", key };
}

/** Carries out what may take its time; never rejects. A move and a denial are not among it: they are made in order. */
export async function carryOut(
  world: World,
  ports: ReleasePorts,
  release: ReleaseRecord,
  effect: Exclude<ReleaseEffect, { kind: "move" | "deny" }>,
  stop: AbortSignal,
): Promise<Outcome> {
  const { key } = effect;
  try {
    switch (effect.kind) {
      case "gate":
        return await askGate(world, ports, release, effect, stop);
      case "hook":
        return await callHook(world, ports, release, effect, stop);
      case "notify":
        return await tellPeople(world, ports, release, effect, stop);
      case "state":
        return await changeState(ports, effect);
      case "confirm": {
        const route = (await world.router.refresh())?.route;
        const incarnation = route?.incarnation ?? "";
        const { outcome } = await world.router.propagation({ incarnation, generation: effect.generation });
        return { type: "confirmed", key, outcome };
      }
    }
  } catch (error) {
    return { type: "failed", key, why: messageOf(error) };
  }
}
