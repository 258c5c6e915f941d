import {
  type CommitResult,
  InvalidArgumentError,
  isVerdigrisError,
  type RunOutcome,
  VerdigrisError,
} from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";
import { forgetCompanions, type PinState, readCompanions, removalOps } from "./pin-state.ts";
import type { LocalRun } from "./run.ts";
import type { FinishResult } from "./run-types.ts";

const attempts = 3;

/** What an answered removal came to; null when it has to be tried again. `unanswered` is true once a reply was lost. */
function removed(
  pin: PinState,
  result: CommitResult,
  unanswered: boolean,
): "finished" | "superseded" | "expired" | null {
  if (result.ok) return "finished";
  if (result.key !== pin.key) {
    forgetCompanions(pin);
    return null;
  }
  if (result.current !== null) return "superseded";
  // Gone: by the attempt whose reply was lost, by a sweep after the deadline, or moved on by another owner.
  if (unanswered) return "finished";
  return result.at >= pin.record.deadline ? "expired" : "superseded";
}

/** Deletes a pin with its claim and pointer in one commit. Throws when the store does not answer. */
async function removePin(host: PinnedHost, pin: PinState): Promise<"finished" | "superseded" | "expired"> {
  let unanswered = false;
  for (let tries = 0; tries < attempts; tries++) {
    const reading = readCompanions(host, pin);
    if (reading !== undefined) await reading;
    try {
      const end = removed(pin, await host.store.commit(removalOps(host, pin)), unanswered);
      if (end !== null) return end;
    } catch (error) {
      if (!isVerdigrisError(error, "store-indeterminate")) throw error;
      unanswered = true;
    }
  }
  throw new VerdigrisError(
    "store-indeterminate",
    `the store did not confirm that ${pin.record.run} is finished`,
    { run: pin.record.run },
  );
}

function report<P>(run: LocalRun<P>, outcome: RunOutcome): void {
  const { events, clock } = run.host;
  if (run.toldEnd) return;
  run.toldEnd = true;
  if (!events.has("run-finished")) return;
  const durationMs = clock.monotonic() - run.began;
  events.emit("run-finished", { scope: run.scope, outcome, durationMs, usage: run.used ?? [] });
}

async function takeBack<P>(run: LocalRun<P>, outcome: RunOutcome): Promise<FinishResult> {
  const { pinned, events } = run.host;
  let result: FinishResult = "finished";
  try {
    if (pinned !== null && run.pin !== null) result = await removePin(pinned, run.pin);
  } catch (error) {
    result = "unconfirmed";
    events.emit("finish-failed", { scope: run.scope, error });
  }
  if (result === "finished" || result === "unconfirmed") report(run, outcome);
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
