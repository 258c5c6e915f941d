import { InvalidArgumentError, type RunOutcome, VerdigrisError } from "@verdigris/contracts";
import { removePin, type Unconfirmed } from "./remove-pin.ts";
import type { LocalRun } from "./run.ts";
import type { FinishResult } from "./run-types.ts";

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
