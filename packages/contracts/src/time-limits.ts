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

/** One call under way, in a ring through all of them. */
class Waiting {
  readonly due: number;
  readonly giveUp: () => void;
  before: Waiting = this;
  after: Waiting = this;

  constructor(due: number, giveUp: () => void) {
    this.due = due;
    this.giveUp = giveUp;
  }
}

/** What has left the ring points to nothing in it: an old object that did would keep young ones from being collected. */
function leave(mine: Waiting): void {
  mine.before.after = mine.after;
  mine.after.before = mine.before;
  mine.before = mine;
  mine.after = mine;
}

/**
 * Makes limits that share one timer, which is armed for the earliest of them and left alone by calls that end in time:
 * arming and cancelling one for each call costs as much as the rest of a fast call. A set of what is under way would cost
 * as much again, since the tables it leaves behind hold on to calls that have ended.
 */
export function createTimeLimits(clock: Clock): TimeLimits {
  const ring = new Waiting(Number.POSITIVE_INFINITY, () => undefined);
  let armedFor = Number.POSITIVE_INFINITY;
  let disarm = (): void => undefined;

  function enter(due: number, giveUp: () => void): Waiting {
    const mine = new Waiting(due, giveUp);
    mine.before = ring.before;
    mine.after = ring;
    ring.before.after = mine;
    ring.before = mine;
    return mine;
  }

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
    for (let each = ring.after; each !== ring; ) {
      const { after } = each;
      if (each.due > lookedAt) next = Math.min(next, each.due);
      else {
        leave(each);
        each.giveUp();
      }
      each = after;
    }
    if (next < armedFor) arm(next);
  }

  return {
    within: <T>(ms: number, work: Promise<T>) =>
      new Promise<T | typeof timeIsUp>((resolve, reject) => {
        const due = clock.monotonic() + Math.max(0, ms);
        const mine = enter(due, () => resolve(timeIsUp));
        if (due < armedFor) arm(due);
        work.then(
          (value) => {
            leave(mine);
            resolve(value);
          },
          (error: unknown) => {
            leave(mine);
            reject(error);
          },
        );
      }),
  };
}
