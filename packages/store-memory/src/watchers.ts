import type { StoreHint, StoreOp } from "@verdigris/contracts";

interface Watcher {
  readonly prefix: string;
  readonly onHint: (hint: StoreHint) => void;
}

/** Who wants hints about which prefix, and their delivery in later microtasks. */
export interface Watchers {
  add(prefix: string, onHint: (hint: StoreHint) => void): () => void;
  /** Tells everybody concerned that the ops of one commit have happened. */
  announce(ops: readonly StoreOp[]): void;
  clear(): void;
}

export function createWatchers(): Watchers {
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
    clear() {
      watchers.clear();
    },
  };
}
