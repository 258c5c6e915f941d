import type { Instrument, RunEvents, RunScope } from "@verdigris/contracts";
import type { EventHub } from "@verdigris/router";

/** An instrument that cannot say whether it is idle is not. */
function isIdle(instrument: Instrument): boolean {
  try {
    return instrument.idle?.() === true;
  } catch {
    return false;
  }
}

/**
 * Runs `inner` inside every instrument that is not idle, the first one outermost; without any it is called as it is.
 * `scope` is asked for only where one is.
 */
export function throughInstruments<T>(
  instruments: readonly Instrument[],
  kind: "run" | "step",
  scope: () => RunScope,
  inner: () => T | Promise<T>,
  events: EventHub<RunEvents>,
): T | Promise<T> {
  let work = inner;
  for (let i = instruments.length - 1; i >= 0; i--) {
    const instrument = instruments[i];
    const wrap = instrument?.[kind];
    if (instrument === undefined || wrap === undefined || isIdle(instrument)) continue;
    const inside = work;
    const wrapped = wrap.bind(instrument) as (scope: RunScope, next: () => Promise<T>) => Promise<T>;
    work = () =>
      throughInstrument<T>(
        (next) => wrapped(scope(), next),
        async () => inside(),
        events,
        `instrument.${kind}`,
      );
  }
  return work();
}

/**
 * Runs `inner` through a wrapper that can neither change its result nor fail it nor hold it up: `inner` runs exactly
 * once and before the first `await`, its outcome is the outcome, and what the wrapper itself throws is reported as
 * `listener-failed`.
 */
function throughInstrument<T>(
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
