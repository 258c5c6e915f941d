import type { Clock } from "./clock.ts";

/** What {@link TimeLimits.within} resolves with when the work took too long. */
export const timeIsUp: unique symbol = Symbol("time is up");

/** Bounds calls in time; for authors of adapters, whose every call ends within `storeLimits.callMs`. */
export interface TimeLimits {
  /**
   * Settles as `work` does, or resolves with {@link timeIsUp} once `ms` have passed; work that loses goes on, and what
   * becomes of it is heard by nobody. A reply that lies in the socket when the time is up (the process was frozen) still
   * counts: it is read before anything is given up.
   */
  within<T>(ms: number, work: Promise<T>): Promise<T | typeof timeIsUp>;
}

interface Waiting {
  readonly due: number;
  readonly giveUp: () => void;
}

/**
 * Makes limits that share one timer, which is armed for the earliest of them and left alone by calls that end in time:
 * arming and cancelling one for each call costs as much as the rest of a fast call.
 */
export function createTimeLimits(clock: Clock): TimeLimits {
  const waiting = new Set<Waiting>();
  let armedFor = Number.POSITIVE_INFINITY;
  let disarm = (): void => undefined;

  function arm(due: number): void {
    disarm();
    armedFor = due;
    disarm = clock.setTimer(look, Math.max(0, due - clock.monotonic()));
  }

  function look(): void {
    const lookedAt = clock.monotonic();
    // What has arrived meanwhile is read between two timers.
    disarm = clock.setTimer(() => enforce(lookedAt), 0);
  }

  function enforce(lookedAt: number): void {
    armedFor = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const each of waiting) {
      if (each.due > lookedAt) next = Math.min(next, each.due);
      else {
        waiting.delete(each);
        each.giveUp();
      }
    }
    if (next < armedFor) arm(next);
  }

  return {
    within: <T>(ms: number, work: Promise<T>) =>
      new Promise<T | typeof timeIsUp>((resolve, reject) => {
        const due = clock.monotonic() + Math.max(0, ms);
        const mine: Waiting = { due, giveUp: () => resolve(timeIsUp) };
        waiting.add(mine);
        if (due < armedFor) arm(due);
        work.then(
          (value) => {
            waiting.delete(mine);
            resolve(value);
          },
          (error: unknown) => {
            waiting.delete(mine);
            reject(error);
          },
        );
      }),
  };
}
