import type { Clock } from "@verdigris/contracts";
import { timeMarginMs } from "./route-terms.ts";

/** Store time as this process best knows it, carried forward by the monotonic clock. */
export interface StoreTime {
  /** Store time now, in ms; off by at most half the last round trip plus clock drift since. Throws nothing; 0 before the first reply. */
  now(): number;
  /**
   * Notes a reply: `at` is the store's time in it, `sentMonotonic` the monotonic time its call was sent. One that was over
   * 4 s under way teaches nothing: the process was paused meanwhile, and when in between it was made nobody knows.
   */
  observe(at: number, sentMonotonic: number): void;
  /**
   * True when `now()` must not be trusted before another reply: none yet, the last one is over a minute old and
   * `maxAgeMs` says that matters, or wall and monotonic clock have parted by more than a second since (the machine slept).
   */
  suspect(maxAgeMs?: number): boolean;
  /** `now()`, or NaN when {@link StoreTime.suspect}: one look at each clock, for the hot path. */
  trusted(maxAgeMs?: number): number;
  /** The latest that store time can be: `now()` plus what the wall clock says was slept. For deadlines when the store cannot be asked. */
  latest(): number;
}

const partedMs = 1_000;
/** The error of a reading is half its round trip, and the margin of every proof has to cover it. */
const longestRoundTripMs = 2 * timeMarginMs;

/** Creates the store time of one process; a node's wall clock is compared, never used. */
export function createStoreTime(clock: Clock): StoreTime {
  let offset = 0;
  let heardMonotonic = Number.NEGATIVE_INFINITY;
  // NaN until the first reply, so that nothing is trusted before it.
  let wallAhead = Number.NaN;
  return {
    now: () => (heardMonotonic === Number.NEGATIVE_INFINITY ? 0 : clock.monotonic() + offset),
    observe(at, sentMonotonic) {
      const received = clock.monotonic();
      if (received - sentMonotonic > longestRoundTripMs) return;
      offset = at - (sentMonotonic + received) / 2;
      heardMonotonic = received;
      wallAhead = clock.now() - received;
    },
    suspect(maxAgeMs = Number.POSITIVE_INFINITY) {
      const monotonic = clock.monotonic();
      if (monotonic - heardMonotonic > maxAgeMs || heardMonotonic === Number.NEGATIVE_INFINITY) return true;
      return Math.abs(clock.now() - monotonic - wallAhead) > partedMs;
    },
    trusted(maxAgeMs = Number.POSITIVE_INFINITY) {
      const monotonic = clock.monotonic();
      if (monotonic - heardMonotonic > maxAgeMs) return Number.NaN;
      return Math.abs(clock.now() - monotonic - wallAhead) <= partedMs ? monotonic + offset : Number.NaN;
    },
    latest() {
      const monotonic = clock.monotonic();
      return monotonic + offset + Math.max(0, clock.now() - monotonic - wallAhead);
    },
  };
}
