import { type Clock, storeLimits, VerdigrisError } from "@verdigris/contracts";
import { isBusy, toUnavailable } from "./failures.ts";

/** Tries again while another connection holds the lock, between turns of the event loop and never for more than 2 s. */
export type Patience = <T>(attempt: () => T) => Promise<T>;

export interface PatienceOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Throws once the store is closed. */
  readonly requireOpen: () => void;
}

const longestPauseMs = 50;

export function createPatience({ file, clock, random, requireOpen }: PatienceOptions): Patience {
  async function pause(ms: number): Promise<void> {
    // The clock's timers do not keep a process alive, and a program that only waits for its commit must not end.
    const alive = setInterval(() => undefined, storeLimits.callMs);
    try {
      await new Promise<void>((resolve) => {
        clock.setTimer(resolve, ms);
      });
    } finally {
      clearInterval(alive);
    }
  }

  return async <T>(attempt: () => T): Promise<T> => {
    const began = clock.monotonic();
    for (let tries = 1; ; tries += 1) {
      requireOpen();
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw toUnavailable(error, file);
        const left = storeLimits.callMs - (clock.monotonic() - began);
        if (left <= 0) {
          throw new VerdigrisError(
            "store-unavailable",
            `${file}: another process has held the write lock for ${storeLimits.callMs} ms: find it, or try again`,
            { file, tries, engineCode: "SQLITE_BUSY" },
            { cause: error },
          );
        }
        const longest = Math.min(longestPauseMs, 2 ** tries);
        await pause(Math.min(left, 1 + random() * longest));
      }
    }
  };
}
