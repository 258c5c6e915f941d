import type { Store } from "@verdigris/contracts";

/** Where a process dies: at its `dieAt`-th store call, counted from 1, before the store sees it or with the reply on its way. */
export interface Death {
  readonly dieAt: number;
  readonly fate: "before" | "after";
}

/** The store of a process that dies. */
export interface MortalStore {
  readonly store: Store;
  /** Resolves once the process is dead; after a call that took effect, once it has. */
  readonly died: Promise<void>;
}

/**
 * Wraps `store` for a process that is killed at one of its store calls. A dead process hears nothing and does nothing: its
 * promises stay open for ever, and its watchers are told nothing more. Whoever uses it is to be abandoned, not closed.
 */
export function createMortalStore(store: Store, { dieAt, fate }: Death): MortalStore {
  let calls = 0;
  let bury = (): void => {};
  const died = new Promise<void>((resolve) => {
    bury = resolve;
  });
  const dead = (): boolean => calls >= dieAt;
  const never = <T>(): Promise<T> => new Promise(() => {});
  const pass = async <T>(call: () => Promise<T>): Promise<T> => {
    if (dead()) return never();
    calls += 1;
    if (!dead()) {
      // A reply that comes after the death finds nobody.
      const reply = await call();
      return dead() ? never() : reply;
    }
    if (fate === "after") await call().catch(() => {});
    bury();
    return never();
  };
  return {
    died,
    store: {
      ...store,
      get: (keys) => pass(() => store.get(keys)),
      commit: (ops) => pass(() => store.commit(ops)),
      list: (prefix, options) => pass(() => store.list(prefix, options)),
      watch: (prefix, onHint) =>
        store.watch(prefix, (hint) => {
          if (!dead()) onHint(hint);
        }),
    },
  };
}
