import type { Clock } from "@verdigris/contracts";

/** Thrown by {@link within}; never reaches a caller. */
export class TimeIsUp extends Error {
  override readonly name = "TimeIsUp";
}

/**
 * Settles as `work` does, or rejects with {@link TimeIsUp} after `ms`. A reply that lies in the socket when the time is up
 * (the process was frozen) still counts: it is read before the second timer runs.
 */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let cancel = clock.setTimer(
      () => {
        cancel = clock.setTimer(() => reject(new TimeIsUp(`no reply within ${Math.round(ms)} ms`)), 0);
      },
      Math.max(0, ms),
    );
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
