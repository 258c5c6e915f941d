import {
  type Clock,
  type CommitResult,
  InvalidArgumentError,
  isVerdigrisError,
  type RunEvents,
  type RunOutcome,
  type RunScope,
  VerdigrisError,
} from "@verdigris/contracts";
import type { EventHub } from "@verdigris/router";
import type { PinnedHost } from "./host.ts";
import { forgetCompanions, type PinState, readCompanions, removalOps } from "./pin-state.ts";
import type { LocalRun } from "./run.ts";
import type { FinishResult } from "./run-types.ts";
import { wasSwept } from "./sweep.ts";

/** What became of a pin that its owner took back. */
type Removal = "finished" | "superseded" | "expired";

/** The store has not said. `unanswered` is true where the pin may be gone all the same. */
interface Unconfirmed {
  readonly error: unknown;
  readonly unanswered: boolean;
}

const removals = 3;

/** What an answered removal came to; null when it has to be tried again. `unanswered` is true once a reply was lost. */
function removed(
  host: PinnedHost,
  pin: PinState,
  result: CommitResult,
  unanswered: boolean,
): Removal | null | Promise<Removal> {
  if (result.ok) return "finished";
  if (result.key !== pin.key) {
    forgetCompanions(pin);
    return null;
  }
  if (result.current !== null) return "superseded";
  const late = result.at >= pin.record.deadline;
  if (!unanswered) return late ? "expired" : "superseded";
  // Gone, by the attempt whose reply was lost, unless a sweep says that it was first.
  return late ? wasSwept(host, pin.record).then((swept) => (swept ? "expired" : "finished")) : "finished";
}

/**
 * Deletes a pin with its claim and pointer in one commit. Never rejects: where the store does not answer it may be tried again, with the
 * `unanswered` of the last try.
 */
export async function removePin(
  host: PinnedHost,
  pin: PinState,
  before: boolean,
): Promise<Removal | Unconfirmed> {
  let unanswered = before;
  try {
    for (let tries = 0; tries < removals; tries++) {
      const reading = readCompanions(host, pin);
      if (reading !== undefined) await reading;
      try {
        const end = removed(host, pin, await host.store.commit(removalOps(host, pin)), unanswered);
        if (end !== null) return await end;
      } catch (error) {
        if (!isVerdigrisError(error, "store-indeterminate")) throw error;
        unanswered = true;
      }
    }
  } catch (error) {
    return { error, unanswered };
  }
  const { run } = pin.record;
  const message = `the store did not confirm that ${run} is finished`;
  return { error: new VerdigrisError("store-indeterminate", message, { run }), unanswered };
}

/** A finish that the store has not confirmed. */
interface Unsettled {
  readonly scope: RunScope;
  readonly outcome: RunOutcome;
  readonly durationMs: number;
  readonly pin: PinState;
  /** True where the pin may be gone already. */
  readonly unanswered: boolean;
}

/** The finishes of a process that the store has not confirmed: as many at most as it had runs when the store went away. */
export interface UnsettledFinishes {
  add(finish: Unsettled): void;
  /** Tries them once more, until the store does not answer for one. */
  settle(): Promise<void>;
  stop(): void;
}

interface UnsettledOptions {
  readonly clock: Clock;
  readonly events: EventHub<RunEvents>;
  /** Takes a pin back; null where there are none. */
  readonly remove: (pin: PinState, unanswered: boolean) => Promise<Removal | Unconfirmed>;
}

const [firstWaitMs, longestWaitMs] = [1_000, 30_000];

function isAway(error: unknown): boolean {
  return isVerdigrisError(error, "store-unavailable") || isVerdigrisError(error, "store-indeterminate");
}

/** Keeps trying, ever less often while nothing comes of it, and tells of each what became of it. */
export function createUnsettledFinishes({ clock, events, remove }: UnsettledOptions): UnsettledFinishes {
  let waiting: Unsettled[] = [];
  let waitMs = firstWaitMs;
  let cancel: (() => void) | null = null;
  let stopped = false;
  let settling: Promise<void> = Promise.resolve();

  const arm = (): void => {
    if (cancel !== null || stopped || waiting.length === 0) return;
    cancel = clock.setTimer(() => {
      cancel = null;
      void settle().then(arm);
    }, waitMs);
  };
  const settleAll = async (): Promise<void> => {
    let nextWaitMs = Math.min(longestWaitMs, waitMs * 2);
    for (const finish of [...waiting]) {
      const { pin, scope, outcome, durationMs } = finish;
      const result = await remove(pin, finish.unanswered);
      waiting = waiting.filter((other) => other !== finish);
      if (typeof result !== "object") {
        nextWaitMs = firstWaitMs;
        events.emit("finish-settled", { scope, outcome, durationMs, result });
        continue;
      }
      waiting.push({ ...finish, unanswered: result.unanswered });
      // One whose records cannot be read keeps no other.
      if (isAway(result.error)) break;
    }
    waitMs = nextWaitMs;
  };
  const settle = (): Promise<void> => {
    settling = settling.then(settleAll);
    return settling;
  };
  return {
    add(finish) {
      waiting.push(finish);
      arm();
    },
    settle,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

function report<P>(run: LocalRun<P>, outcome: RunOutcome, failed: Unconfirmed | null): void {
  const { events, clock, unsettled } = run.host;
  if (run.toldEnd) return;
  run.toldEnd = true;
  const { scope, pin } = run;
  const durationMs = clock.monotonic() - run.began;
  if (failed !== null && pin !== null)
    unsettled.add({ scope, outcome, durationMs, pin, unanswered: failed.unanswered });
  if (!events.has("run-finished")) return;
  const told = failed === null ? {} : { unconfirmed: true as const };
  events.emit("run-finished", { scope, outcome, durationMs, usage: run.used ?? [], ...told });
}

async function takeBack<P>(run: LocalRun<P>, outcome: RunOutcome): Promise<FinishResult> {
  const { pinned, events } = run.host;
  const result = pinned === null || run.pin === null ? "finished" : await removePin(pinned, run.pin, false);
  if (typeof result === "object") {
    events.emit("finish-failed", { scope: run.scope, error: result.error });
    report(run, outcome, result);
    return "unconfirmed";
  }
  if (result === "finished") report(run, outcome, null);
  else run.released(result === "expired" ? "run-expired" : "run-superseded");
  return result;
}

async function finishAfterMove<P>(run: LocalRun<P>, outcome: RunOutcome): Promise<FinishResult> {
  while (run.moving !== null) await run.moving;
  return finishNow(run, outcome);
}

function finishNow<P>(run: LocalRun<P>, outcome: RunOutcome): Promise<FinishResult> {
  if (run.stopped?.code === "run-expired") return Promise.resolve("expired");
  run.stop({ code: "run-finished", message: `${run.id} is finished: no further step starts` });
  run.leave();
  if (run.stepsInFlight === 0) return takeBack(run, outcome);
  run.whenIdle(() => void takeBack(run, outcome));
  return Promise.resolve("deferred");
}

/** Ends a run; see `Run.finish`. */
export function finishRun<P>(run: LocalRun<P>, outcome: RunOutcome): Promise<FinishResult> {
  if (!["completed", "failed", "cancelled"].includes(outcome)) {
    return Promise.reject(
      new InvalidArgumentError("outcome", 'must be "completed", "failed" or "cancelled"'),
    );
  }
  if (!run.owner) {
    const message = `${run.id} is only attached here: its owner finishes it`;
    return Promise.reject(new VerdigrisError("not-owner", message, { run: run.id }));
  }
  run.finishing ??= run.moving === null ? finishNow(run, outcome) : finishAfterMove(run, outcome);
  return run.finishing;
}
