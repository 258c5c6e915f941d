import type { Clock } from "@verdigris/contracts";

/** What `work` resolves with, or a rejection once it took longer than `ms`; the signal it is given is aborted then. */
export async function bounded<T>(
  clock: Clock,
  ms: number,
  what: string,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const signal = AbortSignal.any([stop, own.signal]);
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.setTimer(() => reject(new Error(`${what} did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work(signal), late]);
  } finally {
    cancel();
    own.abort();
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
