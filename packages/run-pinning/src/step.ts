import { type Bundle, InvalidArgumentError, type ModelUsage, type RunScope } from "@verdigris/contracts";
import type { RunHost } from "./host.ts";
import { throughInstruments } from "./instrument.ts";
import { migrateRun } from "./move-run.ts";
import { applyRollbackPolicy } from "./rollback-policy.ts";
import type { LocalRun } from "./run.ts";
import type { StepContext } from "./run-types.ts";

/** Holds the bundle as it was when the step began; signal and scope are made only when asked for. */
class CurrentStep<P> implements StepContext<P> {
  readonly pipeline: P;
  readonly bundle: Bundle;
  readonly #run: LocalRun<P>;
  readonly #runScope: RunScope;
  readonly #name: string;
  #scope: RunScope | null = null;

  constructor(run: LocalRun<P>, name: string) {
    this.pipeline = run.lease.pipeline;
    this.bundle = run.lease.bundle;
    this.#run = run;
    this.#runScope = run.scope;
    this.#name = name;
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  usage(usage: ModelUsage): void {
    this.#run.note(usage, this.scope);
  }

  get scope(): RunScope {
    this.#scope ??= Object.freeze({ ...this.#runScope, step: this.#name });
    return this.#scope;
  }
}

/** True when a step may start without asking anybody: not stopped, not moving, before its deadline, clocks agreed. */
function clear<P>(run: LocalRun<P>): boolean {
  if (run.stopped !== null || run.moving !== null || run.moveTo !== null) return false;
  if (run.pin === null) return true;
  // NaN when the clocks parted: not less than anything, so the slow path asks the store.
  return (run.host.pinned?.time.trusted() ?? 0) < run.pin.record.deadline;
}

/** True where nothing but time stands in a step's way; a run in mid-step stays where it is until that step has ended. */
function mayStep<P>(run: LocalRun<P>, triedToMove: boolean): boolean {
  const stays = run.moveTo === null || triedToMove || run.stepsInFlight > 0;
  return run.stopped === null && run.moving === null && stays;
}

/** Makes the move that a rollback asked for. Where it fails the run goes on where it is, and its next step tries again. */
async function followRollback<P>(run: LocalRun<P>, to: string): Promise<void> {
  const { events, pinned } = run.host;
  run.moveTo = null;
  try {
    await migrateRun(run, to, "the bundle was rolled back");
  } catch (error) {
    events.emit("listener-failed", { source: "rollback-migration", error });
    const route = pinned?.router.snapshot()?.route;
    if (route !== undefined) applyRollbackPolicy(run, route);
  }
}

/** Store time, or the latest it can be when the store cannot be asked: a pinned run goes on to its deadline without it. */
async function timeNow<P>({ pinned }: RunHost<P>): Promise<number> {
  return pinned === null ? 0 : pinned.freshTime().catch(() => pinned.time.latest());
}

/**
 * The slow path: waits for a move under way, makes the one a rollback asked for unless this step has tried, re-reads time;
 * throws why the step may not start. Resolves with whether the step has tried.
 */
async function makeClear<P>(run: LocalRun<P>, triedBefore: boolean): Promise<boolean> {
  let tried = triedBefore;
  while (!clear(run)) {
    if (run.stopped !== null) throw run.stopError(run.stopped);
    if (run.moving !== null) {
      await run.moving;
      continue;
    }
    if (run.moveTo !== null && run.stepsInFlight === 0 && !tried) {
      tried = true;
      await followRollback(run, run.moveTo);
      continue;
    }
    const now = await timeNow(run.host);
    if (now >= (run.deadline ?? Number.POSITIVE_INFINITY)) run.expire();
    else return tried;
  }
  return tried;
}

function call<P, T>(
  host: RunHost<P>,
  step: CurrentStep<P>,
  fn: (context: StepContext<P>) => T | Promise<T>,
): T | Promise<T> {
  const { scopeStorage, instruments, events } = host;
  const inScope = (): T | Promise<T> =>
    scopeStorage === null ? fn(step) : scopeStorage.run(step.scope, () => fn(step));
  if (instruments.length === 0) return inScope();
  return throughInstruments(instruments, "step", () => step.scope, inScope, events);
}

/** Runs one step of a run on the bundle the run is on. */
export async function runStep<P, T>(
  run: LocalRun<P>,
  name: string,
  fn: (context: StepContext<P>) => T | Promise<T>,
): Promise<T> {
  if (typeof name !== "string" || name === "")
    throw new InvalidArgumentError("name", "must be the step's name");
  // The run may have ended or moved on between the answer and here.
  if (!clear(run)) {
    let tried = false;
    do tried = await makeClear(run, tried);
    while (!mayStep(run, tried));
  }
  const step = new CurrentStep(run, name);
  run.stepsInFlight++;
  try {
    return await call(run.host, step, fn);
  } finally {
    run.stepsInFlight--;
    if (run.stepsInFlight === 0 && run.onIdle !== null) {
      const idle = run.onIdle;
      run.onIdle = null;
      idle();
    }
  }
}
