import type { Clock, Store } from "@verdigris/contracts";

/** Keeps reading something while it is watched: on every hint, and at least once per interval. */
export interface RouteWatcher {
  stop(): void;
}

/** What a watcher needs. */
export interface RouteWatcherOptions {
  readonly store: Store;
  readonly key: string;
  readonly clock: Clock;
  readonly pollMs: number;
  readonly random: () => number;
  /** Reads and applies; its rejections are the caller's to report. */
  readonly read: () => Promise<void>;
  /** Told whether hints arrive. */
  readonly onPush: (up: boolean) => void;
}

/** Hints are only hints: a poll, jittered by 20 % so that a fleet does not march in step, backs them up. */
export function watchRoute(options: RouteWatcherOptions): RouteWatcher {
  const { store, key, clock, pollMs, random, read, onPush } = options;
  let stopped = false;
  let reading = false;
  let again = false;
  let cancelTimer = (): void => {};

  const arm = (): void => {
    cancelTimer();
    if (!stopped) cancelTimer = clock.setTimer(readNow, pollMs * (0.8 + 0.4 * random()));
  };
  const readNow = (): void => {
    if (stopped) return;
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    again = false;
    void read().finally(() => {
      reading = false;
      if (again) readNow();
      else arm();
    });
  };
  const unwatch = store.watch(key, (hint) => {
    // A store without push says resync, too, when watching begins, and then nothing.
    onPush(hint.type !== "down" && store.capabilities.push);
    if (hint.type !== "down") readNow();
  });
  arm();
  return {
    stop() {
      stopped = true;
      cancelTimer();
      unwatch();
    },
  };
}
