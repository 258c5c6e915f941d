import type { Store, StoreHint } from "@verdigris/contracts";

/** Stands between a store and its watchers. */
export interface HintRelay {
  watch: Store["watch"];
  /** Tells every watcher, whatever is dropped: the caller means it. */
  deliver(hint: StoreHint): void;
  drop(drop?: boolean): void;
  /** A cut connection drops hints too, on its own account. */
  cut(cut: boolean): void;
}

/** Makes a relay that passes every hint of `store` on until told to drop them. */
export function createHintRelay(store: Store): HintRelay {
  const watchers = new Set<(hint: StoreHint) => void>();
  let dropping = false;
  let isCut = false;
  return {
    watch(prefix, onHint) {
      // One entry per watch, even when two of them share a callback.
      const deliver = (hint: StoreHint): void => onHint(hint);
      watchers.add(deliver);
      const stop = store.watch(prefix, (hint) => {
        if (!dropping && !isCut) deliver(hint);
      });
      return () => {
        watchers.delete(deliver);
        stop();
      };
    },
    deliver(hint) {
      for (const deliver of [...watchers]) deliver(hint);
    },
    drop(drop = true) {
      dropping = drop;
    },
    cut(cut) {
      isCut = cut;
    },
  };
}
