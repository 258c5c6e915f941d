import type { Clock } from "@verdigris/contracts";
import { type Stop, untilStopped } from "./stop.ts";

/** How long one attempt may take, and how long what was told to stop may take to do so. */
export interface AttemptLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Stops the attempt. */
  readonly stop: Stop;
}

/** How one attempt ended; `abandoned` when the work went on after it was told to stop. */
export type Attempt<T> =
  | { readonly ended: "returned"; readonly value: T; readonly durationMs: number }
  | { readonly ended: "threw"; readonly error: unknown }
  | { readonly ended: "timed-out" | "stopped"; readonly abandoned: boolean };

/**
 * Does `work` once, never longer than `timeoutMs` + `graceMs`. Work that is told to stop is waited for through the
 * grace, so that its place is not taken while it still runs; what it answers by then is dropped.
 */
export async function attemptOnce<T>(
  work: (signal: AbortSignal) => T | Promise<T>,
  { clock, timeoutMs, graceMs, stop }: AttemptLimits,
): Promise<Attempt<T>> {
  if (stop.signal.aborted) return { ended: "stopped", abandoned: false };
  const own = new AbortController();
  const startedAt = clock.monotonic();
  const running = settled(work, own.signal);
  const cut = untilCut({ clock, timeoutMs, stop });
  const first = await Promise.race([running, cut.happened]);
  cut.cancel();
  if (typeof first === "object") {
    if (first.ended === "threw") return first;
    return { ...first, durationMs: clock.monotonic() - startedAt };
  }
  own.abort(first === "stopped" ? stop.signal.reason : timeoutError(timeoutMs));
  const grace = after(clock, graceMs);
  const abandoned = await Promise.race([running.then(() => false), grace.passed.then(() => true)]);
  grace.cancel();
  return { ended: first, abandoned };
}

type Settled<T> =
  | { readonly ended: "returned"; readonly value: T }
  | { readonly ended: "threw"; readonly error: unknown };

async function settled<T>(
  work: (signal: AbortSignal) => T | Promise<T>,
  signal: AbortSignal,
): Promise<Settled<T>> {
  try {
    return { ended: "returned", value: await work(signal) };
  } catch (error) {
    return { ended: "threw", error };
  }
}

function untilCut({ clock, timeoutMs, stop }: Omit<AttemptLimits, "graceMs">) {
  const timer = after(clock, timeoutMs);
  const stopped = untilStopped(stop);
  return {
    happened: Promise.race([
      timer.passed.then(() => "timed-out" as const),
      stopped.passed.then(() => "stopped" as const),
    ]),
    cancel: (): void => {
      timer.cancel();
      stopped.cancel();
    },
  };
}

/** Waits on the injected clock. */
export function after(
  clock: Clock,
  delayMs: number,
): { readonly passed: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const passed = new Promise<void>((resolve) => {
    cancel = clock.setTimer(resolve, delayMs);
  });
  return { passed, cancel };
}

function timeoutError(timeoutMs: number): DOMException {
  return new DOMException(`took longer than ${timeoutMs} ms`, "TimeoutError");
}
