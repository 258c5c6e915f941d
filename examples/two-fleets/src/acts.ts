import { strict as assert } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { isVerdigrisError, type Verdigris } from "verdigris";
import { bundleOf, type Fleet, type Outcome, type Work } from "./fleet.ts";
import type { Asked, Front } from "./front.ts";
import type { Queues } from "./queues.ts";
import type { Worker } from "./workers.ts";

/** What the acts work with. */
export interface Stage {
  readonly queues: Queues;
  readonly front: Front;
  /** Moves the route; runs nothing. */
  readonly operator: Verdigris;
  /** Starts one more process of a fleet. */
  readonly add: (fleet: Fleet) => Promise<Worker>;
}

const blue = bundleOf("blue").id;
const green = bundleOf("green").id;
const short: Work = { steps: 2, stepMs: 20 };
const long: Work = { steps: 20, stepMs: 80 };

function finished(outcome: Outcome): Extract<Outcome, { kind: "finished" }> {
  if (outcome.kind !== "finished") throw new Error(`not finished: ${JSON.stringify(outcome)}`);
  return outcome;
}

async function flipTo(operator: Verdigris, to: string, placementMs?: number): Promise<void> {
  const expect = (await operator.status()).generation;
  const policy = placementMs === undefined ? {} : { policy: { placementMs } };
  const moved = await operator.flip({ to, expect, reason: `${to} is ready`, ...policy });
  // The processes of its fleet are on record, so the flip was checked: somebody serves the bundle.
  assert.equal(moved.unverified, false);
}

function pidsOf({ queues }: Stage, fleet: Fleet): readonly number[] {
  return queues.fleets[fleet].map(({ pid }) => pid);
}

/** New runs go to green, whichever fleet accepts them; what began on blue ends on blue. */
export async function flipWithTwoFleets(stage: Stage): Promise<void> {
  const { operator, front, queues } = stage;
  const before = await front.ask({ id: "job-1", work: short });
  assert.deepEqual([finished(before.outcome).bundle, before.via, before.header], [blue, ["blue"], blue]);

  const onBlue = queues.fleets.blue[0];
  assert.ok(onBlue !== undefined);
  const took = onBlue.took("job-2");
  const underWay = front.ask({ id: "job-2", work: { steps: 6, stepMs: 100 } });
  await took;
  await flipTo(operator, green);

  const sentOn = await front.ask({ id: "job-3", work: short });
  const run = finished(sentOn.outcome);
  assert.deepEqual([run.bundle, sentOn.via], [green, ["blue", "green"]]);
  assert.ok(pidsOf(stage, "green").includes(run.pid));
  console.log(
    "flip: a run accepted by the blue fleet came back unplaced and was finished by green, from its queue",
  );

  assert.equal(sentOn.header, green);
  const direct = await front.ask({ id: "job-4", work: short }, sentOn.header ?? "");
  assert.deepEqual([finished(direct.outcome).bundle, direct.via], [green, ["green"]]);
  console.log(`with "x-bundle: ${green}" the next one went straight to green`);

  assert.equal(finished((await underWay).outcome).bundle, blue);
  console.log("the run that was under way ended on blue");
}

/** The same the other way round. */
export async function rollBack({ operator, front }: Stage): Promise<void> {
  await operator.rollback({ reason: "green is slow" });
  const stale = await front.ask({ id: "job-5", work: short }, green);
  assert.deepEqual([finished(stale.outcome).bundle, stale.via], [blue, ["green", "blue"]]);
  console.log("rollback: a client that still named green was answered by blue; the header followed");
  assert.equal(stale.header, blue);
  const forged = await front.ask({ id: "job-5b", work: short }, "no-such-bundle");
  assert.deepEqual([finished(forged.outcome).bundle, forged.via], [blue, ["blue"]]);
}

/** SIGTERM: a process hands its runs over and ends with 0. */
export async function handOver(stage: Stage): Promise<void> {
  const { queues, add } = stage;
  const leaving = queues.fleets.blue[0];
  assert.ok(leaving !== undefined);
  const took = leaving.took("job-6");
  const outcome = queues.follow(blue, { id: "job-6", work: long, done: 0 });
  const run = await took;
  await add("blue");
  queues.forget(leaving);
  assert.equal(await leaving.end("SIGTERM"), 0);
  const done = finished(await outcome);
  assert.deepEqual([done.run, done.bundle, pidsOf(stage, "blue").includes(done.pid)], [run, blue, true]);
  assert.notEqual(done.pid, leaving.pid);
  console.log("SIGTERM: the process parked its run and ended with 0; another one of its fleet finished it");
}

/** SIGKILL: the queue delivers the same token again, and the run is taken from the dead. */
export async function takeOver({ queues, operator, add }: Stage): Promise<void> {
  const [green1, doomed] = [queues.fleets.green[0], queues.fleets.blue[0]];
  assert.ok(green1 !== undefined && doomed !== undefined);
  const first = await queues.deliver(green1, { id: "job-7", work: long, done: 0 });
  assert.ok(first.kind === "unplaced" && first.bundle === blue);
  const survivor = await add("blue");

  const took = doomed.took(first.token);
  const delivery = { token: first.token, work: long, done: 0, takeover: false };
  const outcome = queues.follow(blue, delivery);
  const run = await took;
  // A delivery that comes twice while its first owner lives is refused, unless it asks to take over.
  const twice = await queues.deliver(survivor, delivery);
  assert.deepEqual(twice, { kind: "refused", code: "run-superseded" });
  await doomed.end("SIGKILL");
  const done = finished(await outcome);
  assert.deepEqual([done.run, done.bundle, done.pid], [run, blue, survivor.pid]);
  assert.equal((await operator.inFlight({ bundle: blue })).runs.length, 0);
  console.log("SIGKILL: the token was delivered again with `takeover`, and the run was finished once");
}

/** A bundle whose fleet is gone: its runs are accepted, wait on the queue, and expire. */
export async function expire({ queues, operator }: Stage): Promise<void> {
  const placementMs = 1_000;
  await flipTo(operator, green, placementMs);
  for (const worker of queues.fleets.green.splice(0)) assert.equal(await worker.end("SIGTERM"), 0);
  const worker = queues.fleets.blue[0];
  assert.ok(worker !== undefined);
  const asked: Asked = { id: "job-8", work: short };
  const accepted = await queues.deliver(worker, { ...asked, done: 0 });
  assert.ok(accepted.kind === "unplaced");
  assert.equal((await operator.inFlight({ bundle: green })).runs.length, 1);

  const expired: string[] = [];
  operator.on("run-expired", ({ bundle }) => expired.push(bundle));
  let swept = 0;
  for (let tries = 0; swept === 0 && tries < 40; tries++) {
    await sleep(200);
    swept = await operator.sweep();
  }
  assert.deepEqual([swept, expired], [1, [green]]);
  const late = await operator.resume(accepted.token).catch((error: unknown) => error);
  assert.ok(isVerdigrisError(late, "run-expired"));
  console.log(`nobody serves ${green}: its run expired after placementMs (${placementMs} ms) and was swept`);
  await operator.rollback({ reason: "nobody serves green" });
  const { route, generation } = await operator.status();
  assert.equal(route?.live, blue);
  const again = await operator
    .flip({ to: green, expect: generation, reason: "is it back?" })
    .catch((error: unknown) => error);
  assert.ok(isVerdigrisError(again, "bundle-not-served"));
  console.log(`another flip to ${green} is refused: no process on record serves it`);
}
