import { type Clock, InvalidArgumentError } from "@verdigris/contracts";

/** Settings of {@link createFakeClock}. */
export interface FakeClockOptions {
  /** Wall-clock milliseconds at the start. @default 2026-01-01T00:00:00Z */
  readonly now?: number;
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** How many timers wait. */
  readonly pending: number;
  /**
   * Lets `ms` milliseconds pass on both clocks. Runs every timer that falls due, in time order and at its own time,
   * also those that timers set, and lets all promise callbacks finish before, between and after them. What a timer
   * throws rejects the call. Calls made while one is under way follow it.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock alone, as a time server or an operator does. */
  setWall(ms: number): void;
  /** Moves the wall clock alone by `ms` (negative: back), as a suspended machine sees it. */
  jumpWall(ms: number): void;
}

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
}

const defaultNow = Date.UTC(2026, 0, 1);

// Taken at load, so that a test framework's own fake timers do not stop this clock.
const host = globalThis as { setImmediate?: (fn: () => void) => unknown };
const setMacrotask = host.setImmediate ?? ((fn: () => void) => globalThis.setTimeout(fn, 0));

/** Promise callbacks of any depth run before the next macrotask. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setMacrotask(resolve);
  });
}

function requireFinite(argument: string, value: number): void {
  if (!Number.isFinite(value))
    throw new InvalidArgumentError(argument, `must be a finite number, got ${value}`);
}

/** Makes a clock that only `advance`, `setWall` and `jumpWall` move; `monotonic` starts at 0 and never goes back. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  const { now: start = defaultNow } = options;
  requireFinite("now", start);
  const timers = new Set<Timer>();
  let monotonic = 0;
  let wallOffset = start;
  let order = 0;
  let turn: Promise<void> = Promise.resolve();

  function nextDue(until: number): Timer | null {
    let next: Timer | null = null;
    for (const timer of timers) {
      if (timer.due > until) continue;
      if (next === null || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }

  async function pass(ms: number): Promise<void> {
    await settle();
    const until = monotonic + ms;
    for (let timer = nextDue(until); timer !== null; timer = nextDue(until)) {
      timers.delete(timer);
      monotonic = Math.max(monotonic, timer.due);
      timer.fn();
      await settle();
    }
    monotonic = until;
    await settle();
  }

  return {
    now: () => wallOffset + monotonic,
    monotonic: () => monotonic,
    setTimer(fn, delayMs) {
      order += 1;
      const timer: Timer = { due: monotonic + Math.max(0, delayMs), order, fn };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      requireFinite("ms", ms);
      if (ms < 0) throw new InvalidArgumentError("ms", `must not be negative: use jumpWall, got ${ms}`);
      const mine = turn.then(() => pass(ms));
      turn = mine.catch(() => undefined);
      await mine;
    },
    setWall(ms) {
      requireFinite("ms", ms);
      wallOffset = ms - monotonic;
    },
    jumpWall(ms) {
      requireFinite("ms", ms);
      wallOffset += ms;
    },
  };
}
