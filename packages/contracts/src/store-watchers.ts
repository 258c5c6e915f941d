import type { Unsubscribe } from "./events.ts";
import type { StoreHint, StoreOp } from "./store.ts";

/** Who watches which prefix of one store handle; for authors of adapters. */
export interface StoreWatchers {
  /** How many watch: an adapter needs no poll and no subscription while nobody does. */
  readonly size: number;
  /** Registers `onHint` and sends it `resync`. */
  add(prefix: string, onHint: (hint: StoreHint) => void): Unsubscribe;
  /** Sends `change` to everybody whose prefix covers a key that a commit of these ops has put or deleted. */
  announce(ops: readonly StoreOp[]): void;
  /** Sends `hint` to everybody. */
  broadcast(hint: StoreHint): void;
  /** Forgets everybody; hints under way are dropped. */
  clear(): void;
}

interface Watcher {
  readonly prefix: string;
  readonly onHint: (hint: StoreHint) => void;
}

/**
 * Makes an empty list of watchers. Every hint is delivered in a microtask of its own, never inside the commit that
 * caused it, and never after its watcher has stopped.
 */
export function createStoreWatchers(): StoreWatchers {
  const watchers = new Set<Watcher>();

  function deliver(watcher: Watcher, hint: StoreHint): void {
    queueMicrotask(() => {
      if (!watchers.has(watcher)) return;
      try {
        watcher.onHint(hint);
      } catch {
        // Hints may be lost at any time, so a listener's own failure must not end the process that committed.
      }
    });
  }

  return {
    get size() {
      return watchers.size;
    },
    add(prefix, onHint) {
      const watcher: Watcher = { prefix, onHint };
      watchers.add(watcher);
      deliver(watcher, { type: "resync" });
      return () => {
        watchers.delete(watcher);
      };
    },
    announce(ops) {
      if (watchers.size === 0) return;
      for (const op of ops) {
        if (op.op === "check") continue;
        for (const watcher of watchers) {
          if (op.key.startsWith(watcher.prefix)) deliver(watcher, { type: "change", key: op.key });
        }
      }
    },
    broadcast(hint) {
      for (const watcher of watchers) deliver(watcher, hint);
    },
    clear() {
      watchers.clear();
    },
  };
}
