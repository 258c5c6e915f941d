import type { CommitResult, Store, StoreEntry, StoreOp } from "@verdigris/contracts";
import type { FakeClock } from "@verdigris/testing";

/** A store of a real engine in the time of a test. */
export interface TimedStore {
  readonly store: Store;
  /** Lets time pass, a second at a time, and waits for every reply of the engine in between. */
  pass(ms: number): Promise<void>;
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Gives an engine the test's clock: keys, revisions and who wins are the engine's, every time it says is the clock's. All
 * writes have to go through it, since it remembers when each was made.
 */
export function inTestTime(store: Store, clock: FakeClock): TimedStore {
  const written = new Map<string, { readonly rev: number; readonly at: number }>();
  let underWay = 0;
  const now = (): number => Math.floor(clock.now());
  const timed = (entry: StoreEntry): StoreEntry => {
    const known = written.get(entry.key);
    return { ...entry, at: known?.rev === entry.rev ? known.at : now() };
  };
  const note = (ops: readonly StoreOp[], result: CommitResult, at: number): CommitResult => {
    if (!result.ok) return { ...result, at, current: result.current === null ? null : timed(result.current) };
    for (const [i, op] of ops.entries())
      if (op.op === "put") written.set(op.key, { rev: result.revs[i] ?? 0, at });
    return { ...result, at };
  };
  const counted = async <T>(call: () => Promise<T>): Promise<T> => {
    underWay += 1;
    try {
      return await call();
    } finally {
      underWay -= 1;
    }
  };
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; quiet = underWay === 0 ? quiet + 1 : 0) await turn();
  };
  return {
    store: {
      ...store,
      get: (keys) =>
        counted(async () => {
          const { entries } = await store.get(keys);
          return { entries: entries.map((entry) => (entry == null ? entry : timed(entry))), at: now() };
        }),
      commit: (ops) =>
        counted(async () => {
          const at = now();
          return note(ops, await store.commit(ops), at);
        }),
      list: (prefix, options) =>
        counted(async () => {
          const { entries } = await store.list(prefix, options);
          return { entries: entries.map(timed), at: now() };
        }),
    },
    async pass(ms) {
      await settled();
      for (let passed = 0; passed < ms; passed += 1_000) {
        await clock.advance(Math.min(1_000, ms - passed));
        await settled();
      }
    },
  };
}
