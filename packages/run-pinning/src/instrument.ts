import type { RunEvents } from "@verdigris/contracts";
import type { EventHub } from "@verdigris/router";

/**
 * Runs `inner` through a wrapper that can neither change its result nor fail it nor hold it up: `inner` runs exactly
 * once and before the first `await`, its outcome is the outcome, and what the wrapper itself throws is reported as
 * `listener-failed`.
 */
export function throughInstrument<T>(
  wrap: (next: () => Promise<T>) => Promise<T>,
  inner: () => Promise<T>,
  events: EventHub<RunEvents>,
  source: string,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let running: Promise<T> | null = null;
    let failure: { readonly error: unknown } | null = null;
    const next = (): Promise<T> => {
      if (running === null) {
        running = inner();
        running.then(resolve, (error: unknown) => {
          failure = { error };
          reject(error);
        });
      }
      return running;
    };
    const outer = async (): Promise<T> => wrap(next);
    outer().catch((error: unknown) => {
      if (failure === null || failure.error !== error) events.emit("listener-failed", { source, error });
    });
    void next().catch(() => {});
  });
}
