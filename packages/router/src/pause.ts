import type { Clock } from "@verdigris/contracts";

/**
 * Waits on the clock, or until the signal aborts, and keeps the process alive meanwhile: a clock's timers do not, and a
 * program that only waits for what it was promised must not end, least of all in the middle of a drill.
 */
export async function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.setTimer(done, ms);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
  });
  clearInterval(alive);
}
