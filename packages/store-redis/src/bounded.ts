import { type TimeLimits, timeIsUp } from "@verdigris/contracts";

/** Thrown by {@link within}; never reaches a caller. */
export class TimeIsUp extends Error {
  override readonly name = "TimeIsUp";

  constructor(ms: number) {
    super(`no reply within ${Math.round(ms)} ms`);
  }
}

/** Settles as `work` does, or rejects with {@link TimeIsUp} after `ms`. */
export async function within<T>(limits: TimeLimits, ms: number, work: Promise<T>): Promise<T> {
  const result = await limits.within(ms, work);
  if (result === timeIsUp) throw new TimeIsUp(ms);
  return result;
}
