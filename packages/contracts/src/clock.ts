/** Time as Verdigris sees it: injected, so that tests decide when it passes. */
export interface Clock {
  /** Wall-clock milliseconds since the epoch. Never decides anything: shown to people, compared with `monotonic`. */
  now(): number;
  /** Milliseconds that only go forward, from an arbitrary origin. */
  monotonic(): number;
  /** Calls `fn` once after `delayMs`, without keeping the process alive. Returns a function that cancels it. */
  setTimer(fn: () => void, delayMs: number): () => void;
}

/** `setTimeout` overflows past 2^31 - 1 ms (24.8 days) and then fires at once. */
const longestTimerMs = 2_147_483_647;

/** The host's own time. Timers longer than 24.8 days are chained; none keeps a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(fn, delayMs) {
    let cancelled = false;
    let handle: unknown;
    const arm = (remaining: number): void => {
      const wait = Math.min(Math.max(remaining, 0), longestTimerMs);
      handle = setTimeout(() => {
        if (cancelled) return;
        if (remaining > wait) arm(remaining - wait);
        else fn();
      }, wait);
      (handle as { unref?: () => void }).unref?.();
    };
    arm(delayMs);
    return () => {
      cancelled = true;
      clearTimeout(handle as number);
    };
  },
};

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
