/** The end of a run, told to many who wait. A signal warns of a leak when more than ten listen, so one listens for all. */
export interface Stop {
  readonly signal: AbortSignal;
  /** Calls `fn` once the signal fires; returns what takes that back. */
  onStop(fn: () => void): () => void;
}

/** Makes one from a signal that has not fired. */
export function createStop(signal: AbortSignal): Stop {
  const waiting = new Set<() => void>();
  signal.addEventListener(
    "abort",
    () => {
      for (const fn of [...waiting]) fn();
    },
    { once: true },
  );
  return {
    signal,
    onStop: (fn) => {
      waiting.add(fn);
      return () => {
        waiting.delete(fn);
      };
    },
  };
}

/** A promise of the end, and what stops waiting for it. */
export function untilStopped(stop: Stop): { readonly passed: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const passed = new Promise<void>((resolve) => {
    cancel = stop.onStop(resolve);
  });
  return { passed, cancel };
}
