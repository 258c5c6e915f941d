import type { Clock, StoreWatchers } from "@verdigris/contracts";

export interface ChangesOptions {
  readonly clock: Clock;
  readonly pollMs: number;
  readonly watchers: StoreWatchers;
  /** A number that differs once any other connection has committed. */
  readonly readVersion: () => number;
}

/** Looks for commits of others, only while somebody watches. */
export interface Changes {
  /** Call after a watcher was added. */
  start(): void;
  stop(): void;
}

export function createChanges({ clock, pollMs, watchers, readVersion }: ChangesOptions): Changes {
  let cancel: (() => void) | null = null;
  let known: number | null = null;
  let down = false;

  function look(): void {
    try {
      const version = readVersion();
      if (down || (known !== null && version !== known)) watchers.broadcast({ type: "resync" });
      known = version;
      down = false;
    } catch {
      if (!down) watchers.broadcast({ type: "down" });
      down = true;
    }
  }

  function arm(): void {
    cancel = clock.setTimer(() => {
      cancel = null;
      if (watchers.size === 0) {
        known = null;
        return;
      }
      look();
      arm();
    }, pollMs);
  }

  return {
    start() {
      if (cancel !== null) return;
      known = null;
      look();
      arm();
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}
