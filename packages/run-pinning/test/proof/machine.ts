import type { Clock } from "@verdigris/contracts";
import type { FakeClock } from "@verdigris/testing";

/** The clocks of one machine: its wall clock may be wrong, and both its time and its timers stand still while it sleeps. */
export interface Machine extends Clock {
  readonly asleep: boolean;
  sleep(): void;
  wake(): void;
  /** Sets the wall clock alone by so many milliseconds. */
  jumpWall(ms: number): void;
}

/** A machine that lives in `truth`'s time, its wall clock off by `skewMs`; without timers it is one too busy to fire them. */
export function createMachine(truth: FakeClock, skewMs = 0, timers = true): Machine {
  let skew = skewMs;
  let slept = 0;
  let since: number | null = null;
  let missed: (() => void)[] = [];
  return {
    get asleep() {
      return since !== null;
    },
    now: () => truth.now() + skew,
    monotonic: () => (since ?? truth.monotonic()) - slept,
    setTimer: (fn, delayMs) => {
      if (!timers) return () => {};
      let cancelled = false;
      const cancel = truth.setTimer(() => {
        if (since === null) fn();
        else missed.push(() => (cancelled ? undefined : fn()));
      }, delayMs);
      return () => {
        cancelled = true;
        cancel();
      };
    },
    sleep() {
      since ??= truth.monotonic();
    },
    wake() {
      if (since === null) return;
      slept += truth.monotonic() - since;
      since = null;
      const late = missed;
      missed = [];
      for (const fn of late) fn();
    },
    jumpWall(ms) {
      skew += ms;
    },
  };
}
