import {
  decodeRecord,
  InvalidArgumentError,
  type PinRecord,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { decideOn, inheritable, placeable } from "./choose-bundle.ts";
import type { PinnedHost } from "./host.ts";
import { commitNoted, type PinState, pointerText, readCompanions } from "./pin-state.ts";
import { applyRollbackPolicy } from "./rollback-policy.ts";
import type { LocalRun } from "./run.ts";

const attempts = 4;

type Moved = "moved" | "superseded" | "route-moved";

function relocationOps(host: PinnedHost, pin: PinState, record: PinRecord, key: string): readonly StoreOp[] {
  const value = JSON.stringify(record);
  if (key === pin.key) return [{ op: "put", key, rev: pin.rev, value }];
  const moved = {
    key: host.keys.moved(record.run),
    rev: pin.movedRev ?? 0,
    value: pointerText(record, key, pin.movedRecord),
  };
  return [
    { op: "put", key, rev: 0, value },
    { op: "del", key: pin.key, rev: pin.rev },
    { op: "put", ...moved },
  ];
}

/** After a lost reply or a lost race only the record itself can tell whether this very write is there. */
async function written(host: PinnedHost, key: string, record: PinRecord): Promise<number | null> {
  const { entries } = await host.store.get([key]);
  const found = entries[0] ?? null;
  return found !== null && decodeRecord<PinRecord>(key, found.value).holder === record.holder
    ? found.rev
    : null;
}

/** One attempt; `again` when only the pointer's revision was out of date or the reply was lost without a trace. */
async function tryRelocate(
  host: PinnedHost,
  pin: PinState,
  record: PinRecord,
  fence: readonly StoreOp[],
): Promise<Moved | "again"> {
  const key = host.keys.pin(record.bundle, record.deadline, record.run);
  if (key !== pin.key && pin.movedRev === undefined) await readCompanions(host, pin);
  const result = await commitNoted(host, [...relocationOps(host, pin, record, key), ...fence]);
  if (result !== "no-reply" && result.ok) {
    const movedRev = key === pin.key ? pin.movedRev : result.revs[2];
    Object.assign(pin, { record, key, rev: result.revs[0] ?? 0, movedRev });
    return "moved";
  }
  const rev = await written(host, key, record);
  if (rev !== null) {
    Object.assign(pin, { record, key, rev, movedRev: undefined });
    return "moved";
  }
  pin.movedRev = undefined;
  if (result === "no-reply" || result.key === host.keys.moved(record.run)) return "again";
  return fence.some((op) => op.key === result.key) ? "route-moved" : "superseded";
}

/**
 * Writes a pin under a new key: old pin away, new pin and `moved/{run}` there, in one commit. Keys of one bundle only
 * ever move to a later deadline, so an ascending count can see a moving pin twice but never miss it.
 */
export async function relocatePin(
  host: PinnedHost,
  pin: PinState,
  record: PinRecord,
  fence: readonly StoreOp[],
): Promise<Moved> {
  for (let tries = 0; tries < attempts; tries++) {
    const outcome = await tryRelocate(host, pin, record, fence);
    if (outcome !== "again") return outcome;
  }
  throw new VerdigrisError(
    "store-indeterminate",
    `the store did not confirm that the pin of ${record.run} moved`,
    {
      run: record.run,
    },
  );
}

function contended(run: string): VerdigrisError {
  return new VerdigrisError("route-contended", `the route kept moving while ${run} was moved: try again`, {
    run,
  });
}

/**
 * Gives a pin a later deadline. Fenced by the route, because a pin that has run out may already have been counted out: once
 * its bundle is sealed or gone it must not come back to life. Throws `run-expired` when the deadline has passed.
 */
export async function lengthenPin(
  host: PinnedHost,
  pin: PinState,
  record: PinRecord,
): Promise<"moved" | "superseded"> {
  const { run, bundle, deadline } = pin.record;
  for (let tries = 0; tries < attempts; tries++) {
    const now = await host.freshTime();
    if (now >= deadline) {
      throw new VerdigrisError("run-expired", `${run} passed its deadline: start its work again`, {
        run,
        bundle,
      });
    }
    const { snapshot } = await decideOn(host.router, (route) => inheritable(route, bundle));
    const { key, rev } = snapshot;
    const outcome = await relocatePin(host, pin, record, [{ op: "check", key, rev }]);
    if (outcome !== "route-moved") return outcome;
    await host.router.refresh();
  }
  throw contended(run);
}

function requireOwner<P>(run: LocalRun<P>): void {
  if (run.stopped !== null) throw run.stopError(run.stopped);
  if (!run.owner)
    throw new VerdigrisError("not-owner", `${run.id} is only attached here: its owner moves it`, {
      run: run.id,
    });
}

/** Stops a run that has another owner by now; the error to throw. */
export function superseded<P>(run: LocalRun<P>): VerdigrisError {
  const stop = {
    code: "run-superseded",
    message: `${run.id} has another owner now: this one stops`,
  } as const;
  run.stop(stop);
  run.leave();
  return run.stopError(stop);
}

/** Lets one move at a time touch the pin; steps wait for it. */
async function exclusively<P, T>(run: LocalRun<P>, fn: () => Promise<T>): Promise<T> {
  while (run.moving !== null) await run.moving;
  requireOwner(run);
  const work = fn();
  const settled = work.then(
    () => {},
    () => {},
  );
  run.moving = settled;
  try {
    return await work;
  } finally {
    run.moving = null;
  }
}

/** Moves a run's deadline; see `Run.extend`. */
export async function extendRun<P>(run: LocalRun<P>, byMs: number): Promise<number> {
  if (!(Number.isFinite(byMs) && byMs > 0))
    throw new InvalidArgumentError("byMs", `must be more than 0, got ${byMs}`);
  const pin = run.requirePin();
  const { pinned, newId } = run.host;
  if (pinned === null) return pin.record.deadline;
  return exclusively(run, async () => {
    const deadline = Math.min(pin.record.cap, Math.floor(pin.record.deadline + byMs));
    if (deadline <= pin.record.deadline) return pin.record.deadline;
    const outcome = await lengthenPin(pinned, pin, { ...pin.record, deadline, holder: newId() });
    if (outcome !== "moved") throw superseded(run);
    run.schedule();
    return deadline;
  });
}

async function moveOnce<P>(run: LocalRun<P>, pinned: PinnedHost, pin: PinState, to: string): Promise<Moved> {
  const { host } = run;
  const { snapshot } = await decideOn(pinned.router, (route) => placeable(route, to));
  const bundle = await host.bundleOf(to);
  if (!host.serves(bundle)) {
    throw new VerdigrisError(
      "bundle-not-served",
      `${to} is not served by this process: migrate the run where it is`,
      { run: run.id, bundle: to },
    );
  }
  const lease = await host.pipelines.acquire(bundle);
  const { record } = pin;
  const next = {
    ...record,
    bundle: to,
    epoch: record.epoch + 1,
    holder: host.newId(),
    was: [...(record.was ?? []), record.bundle],
  };
  let outcome: Moved = "superseded";
  try {
    outcome = await relocatePin(pinned, pin, next, [{ op: "check", key: snapshot.key, rev: snapshot.rev }]);
  } finally {
    if (outcome !== "moved") lease.release();
  }
  if (outcome === "moved") run.changeLease(lease);
  return outcome;
}

/** Moves a run to another bundle between steps; see `Run.migrate`. */
export async function migrateRun<P>(run: LocalRun<P>, to: string, reason: string): Promise<void> {
  const pin = run.requirePin();
  const { pinned } = run.host;
  if (pinned === null || to === pin.record.bundle) return;
  await exclusively(run, async () => {
    if (run.stepsInFlight > 0) {
      throw new VerdigrisError("run-busy", `${run.id} is in the middle of a step: migrate it between steps`, {
        run: run.id,
      });
    }
    const from = pin.record.bundle;
    for (let tries = 0; tries < attempts; tries++) {
      const outcome = await moveOnce(run, pinned, pin, to);
      if (outcome === "superseded") throw superseded(run);
      if (outcome === "moved") {
        run.host.events.emit("run-migrated", { scope: run.scope, from, reason });
        // The route may have moved on while the pin did, and its event found the run on its old bundle.
        const route = pinned.router.snapshot()?.route;
        if (route !== undefined) applyRollbackPolicy(run, route);
        return;
      }
      await pinned.router.refresh();
    }
    throw contended(run.id);
  });
}
