import type { Actor, ReleaseEffect, ReleaseRecord } from "@verdigris/contracts";
import { isForward } from "@verdigris/router";
import type { Lease } from "../records/lease.ts";
import { applyEvent, type StoredRelease } from "../records/release-store.ts";
import type { World } from "../records/world.ts";
import { canCarryOut, carryOut, deny, makeMove, type Outcome } from "./carry-out.ts";
import type { Jobs } from "./jobs.ts";
import { isRecheckDue, recycleBlue, seeDrain, seeRoute, seeSignals } from "./observe.ts";
import type { ReleasePorts } from "./ports.ts";
import { recheckBlue } from "./recheck.ts";

/** What one look at a release works with. */
export interface Round {
  readonly world: World;
  readonly ports: ReleasePorts;
  readonly lease: Lease;
  readonly jobs: Jobs;
  readonly actor: Actor;
}

/** Where a release stands; null once another driver has the lease, and this one may write no more. */
type Standing = StoredRelease | null;

type InOrder = ReleaseEffect & { readonly kind: "move" | "deny" };

/** Moves and denials are made in their order by the loop itself; all the rest may take its time beside it. */
function isInOrder(effect: ReleaseEffect): effect is InOrder {
  return effect.kind === "move" || effect.kind === "deny";
}

const recheck = "recheck";

async function apply(round: Round, id: string, outcome: Outcome): Promise<Standing> {
  const { world, actor, lease } = round;
  const at = outcome.at ?? (await world.time());
  const done = await applyEvent(world, id, { ...outcome, at, actor }, lease.fence());
  return done.kind === "fenced" ? null : done.stored;
}

async function applyAll(round: Round, stored: Standing, outcomes: readonly Outcome[]): Promise<Standing> {
  let now = stored;
  for (const outcome of outcomes) now = now === null ? null : await apply(round, now.record.id, outcome);
  return now;
}

/** What jobs have found counts once it is on record: until then it is kept. */
async function takeFinished(round: Round, stored: Standing): Promise<Standing> {
  let now = stored;
  for (const { key, outcome } of round.jobs.finished()) {
    if (now === null) return null;
    now = await apply(round, now.record.id, outcome);
    round.jobs.settle(key);
  }
  return now;
}

/** Writes down what is to be seen: the route, what was found meanwhile, signals, drained runs, and the time. */
async function look(round: Round, stored: StoredRelease): Promise<Standing> {
  const { world, ports, jobs } = round;
  const { route, outcomes } = await seeRoute(world);
  let now = await takeFinished(round, await applyAll(round, stored, outcomes));
  const at = await world.time();
  if (now !== null && isRecheckDue(now.record, at) && !jobs.has(recheck)) {
    const { record } = now;
    jobs.start(recheck, (signal) => recheckBlue(world, ports, record, signal));
  }
  const sights = [
    (release: ReleaseRecord) => seeSignals(world, ports, release, jobs.stop),
    (release: ReleaseRecord) => seeDrain(world, release, route, at),
    (release: ReleaseRecord) => recycleBlue(world, release, at),
    async (): Promise<readonly Outcome[]> => [{ type: "tick" }],
  ];
  for (const sight of sights) now = now === null ? null : await applyAll(round, now, await sight(now.record));
  return now;
}

/** The first thing in order that may be done now: what is held makes no move forward. */
function nextInOrder({ world }: Round, release: ReleaseRecord, at: number): InOrder | null {
  const route = world.router.snapshot()?.route ?? null;
  const mayGo = (effect: InOrder): boolean => {
    if (at < (effect.notBefore ?? 0)) return false;
    return effect.kind !== "move" || release.held === null || !isForward(route, effect.move);
  };
  return release.outbox.filter(isInOrder).find(mayGo) ?? null;
}

function startJobs({ world, ports, jobs }: Round, release: ReleaseRecord, at: number): void {
  const wanted = new Set(release.outbox.map(({ key }) => key));
  jobs.keepOnly((key) => key === recheck || wanted.has(key));
  for (const effect of release.outbox) {
    const due = at >= (effect.notBefore ?? 0) && canCarryOut(ports, effect);
    if (isInOrder(effect) || !due || jobs.has(effect.key)) continue;
    jobs.start(effect.key, (signal) => carryOut(world, ports, release, effect, signal));
  }
}

/** Does what is due, until nothing is or a move has to wait for the next look. */
async function act(round: Round, stored: StoredRelease): Promise<void> {
  const { world, lease } = round;
  let now: Standing = stored;
  while (now !== null) {
    const record: ReleaseRecord = now.record;
    const at = await world.time();
    startJobs(round, record, at);
    const effect = nextInOrder(round, record, at);
    // A lease near its end may pass on while a move is under way.
    if (effect === null || !lease.isFresh()) return;
    const outcome: Outcome | null =
      effect.kind === "move" ? await makeMove(world, record, effect) : await deny(world, effect);
    now = outcome === null ? null : await apply(round, record.id, outcome);
    const stuck = now?.record.outbox.some(({ key }) => key === effect.key) === true;
    // Decided on a route that has moved meanwhile: once more, if the generation was all that was wrong.
    if (stuck && outcome?.type !== "route") return;
  }
}

/** One look at a release by the process that holds its lease, and everything that is due after it. */
export async function driveOnce(round: Round, stored: StoredRelease): Promise<void> {
  const now = await look(round, stored);
  if (now !== null) await act(round, now);
}
