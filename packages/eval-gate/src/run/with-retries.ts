import pRetry from "p-retry";
import { type AttemptLimits, after, attemptOnce } from "./attempt.ts";
import { untilStopped } from "./stop.ts";

/** How infrastructure errors are met. */
export interface RetryLimits extends AttemptLimits {
  /** Attempts after the first. */
  readonly retries: number;
  readonly isInfrastructureError: (error: unknown) => boolean;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What came of some work, all attempts together. `abandoned` counts attempts that went on after they were told to stop. */
export type Worked<T> = { readonly attempts: number; readonly abandoned: number } & (
  | { readonly kind: "value"; readonly value: T; readonly durationMs: number }
  | { readonly kind: "own" | "infrastructure"; readonly error: unknown }
);

const firstDelayMs = 500;
const longestDelayMs = 30_000;

/** An attempt worth another one. Its own class, since p-retry never repeats a `TypeError`, which a failed `fetch` throws. */
class Transient extends Error {}

/**
 * Does `work`, again after an infrastructure error or a time-out, never after an error of its own. Delays double from
 * half a second to 30 s, each cut by chance to between half and all of it. Throws the signal's reason when stopped.
 */
export async function withRetries<T>(
  work: (attempt: number, signal: AbortSignal) => T | Promise<T>,
  limits: RetryLimits,
): Promise<Worked<T>> {
  const { retries, timeoutMs } = limits;
  const { signal } = limits.stop;
  let abandoned = 0;
  let attempts = 0;
  const once = async (attempt: number): Promise<Worked<T>> => {
    attempts = attempt;
    const result = await attemptOnce((told) => work(attempt, told), limits);
    if (result.ended === "returned") {
      const { value, durationMs } = result;
      return { kind: "value", value, durationMs, attempts, abandoned };
    }
    if (result.ended === "threw") {
      // Whatever it threw, it was told to stop: that is no finding about the agent.
      signal.throwIfAborted();
      if (limits.isInfrastructureError(result.error)) throw new Transient("", { cause: result.error });
      return { kind: "own", error: result.error, attempts, abandoned };
    }
    if (result.abandoned) abandoned += 1;
    signal.throwIfAborted();
    throw new Transient("", { cause: new DOMException(`took longer than ${timeoutMs} ms`, "TimeoutError") });
  };
  try {
    return await pRetry(once, {
      retries,
      minTimeout: 0,
      shouldRetry: ({ error }) => error instanceof Transient,
      // The delay is taken here and not by p-retry, so that it passes on the injected clock.
      onFailedAttempt: ({ error, attemptNumber, retriesLeft }) =>
        error instanceof Transient && retriesLeft > 0 ? backOff(attemptNumber, limits) : undefined,
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Transient)) throw error;
    return { kind: "infrastructure", error: error.cause, attempts, abandoned };
  }
}

async function backOff(
  attempt: number,
  { clock, random, stop }: Pick<RetryLimits, "clock" | "random" | "stop">,
): Promise<void> {
  const most = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1));
  const wait = after(clock, most * (0.5 + random() / 2));
  const stopped = untilStopped(stop);
  await Promise.race([wait.passed, stopped.passed]);
  wait.cancel();
  stopped.cancel();
}
