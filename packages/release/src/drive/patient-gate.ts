import {
  type Clock,
  type GateAnswer,
  InvalidArgumentError,
  type ReleaseGate,
  systemClock,
} from "@verdigris/contracts";
import { type Duration, durationMs } from "../plan/duration.ts";

/** How patient a gate is. */
export interface Patience {
  /** How long it may gather before what it says then stands; shorter than the plan's timeout of the gate. */
  readonly for: Duration;
  /** How often to ask meanwhile. @default "30s" */
  readonly every?: Duration;
  readonly clock?: Clock;
}

/** Waits on the clock, or until the signal aborts. */
function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.setTimer(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

/**
 * A gate over evidence that is still being gathered, such as mirrored runs: asked again while it says `inconclusive`, so
 * that too little so far does not hold a release that has only begun to look. Whatever else it says is handed on at once,
 * and so is its last word once the time is over. Throws `invalid-argument` for what is no duration.
 */
export function patientGate(gate: ReleaseGate, patience: Patience): ReleaseGate {
  const { every = "30s", clock = systemClock } = patience;
  const everyMs = durationMs(every);
  const forMs = durationMs(patience.for);
  if (everyMs === null || forMs === null)
    throw new InvalidArgumentError(
      everyMs === null ? "every" : "for",
      'must be milliseconds or text such as "30s"',
    );
  return async (context): Promise<GateAnswer> => {
    const until = clock.monotonic() + forMs;
    for (;;) {
      const answer = await gate(context);
      const left = until - clock.monotonic();
      if (answer.verdict !== "inconclusive" || left <= 0 || context.signal.aborted) return answer;
      await waited(clock, Math.min(everyMs, left), context.signal);
    }
  };
}
