import type { CommitResult, ErrorCode, Store, StoreHint, StoreOp, Unsubscribe } from "@verdigris/contracts";
import { createFaultPlan, type Gate, type GateOptions, type StoreCallKind } from "./fault-plan.ts";
import { createHintRelay } from "./hint-relay.ts";
import { createLossyCommits, type LostCommit } from "./lossy-commits.ts";

/** One call that reached a {@link FaultyStore}, in the order they were made. */
export type StoreCall =
  | { readonly call: "get"; readonly keys: readonly string[] }
  | { readonly call: "commit"; readonly ops: readonly Pick<StoreOp, "op" | "key">[] }
  | { readonly call: "list"; readonly prefix: string };

/** A store that fails when told to, in the ways a real one does; without a fault it passes every call through. */
export interface FaultyStore extends Store {
  /** Every `get`, `commit` and `list` so far; `reset()` forgets them. */
  readonly calls: readonly StoreCall[];
  /** How many calls of a kind were made, or of all kinds. */
  count(kind?: StoreCallKind): number;
  /** The next commit rejects with `store-indeterminate`. Called n times, it holds for the next n commits. @default "done" */
  loseReply(fate?: LostCommit): void;
  /** Lets every commit lost as `"late"` happen now, in order; their outcomes, as the store saw them. */
  landLate(): Promise<readonly CommitResult[]>;
  /** The next call (of a kind, when one is named) rejects with `error` and never reaches the store. */
  failNext(error: ErrorCode | Error, kind?: StoreCallKind): void;
  /** Holds the next call until its gate is opened: before the store sees it, or with the reply already made. */
  gate(options?: GateOptions): Gate;
  /** Every call rejects with `store-unavailable` and watchers hear `down`, until `up()`. */
  down(): void;
  /** No call is answered until `up()`, when the waiting ones reject: commits as `store-indeterminate`, others as `store-unavailable`. */
  hang(): void;
  /** Ends `down()` and `hang()`; watchers hear `resync`. */
  up(): void;
  /** Stops passing hints on, until called with false. A hint dropped is gone: only a poll finds the change. */
  dropHints(drop?: boolean): void;
  /** Gives every watcher a hint of the caller's own: a repeated, late or invented one. */
  sendHint(hint: StoreHint): void;
  /** Calls `fn` before every commit that reaches the store, and waits for it: the place for a competing write. */
  onCommit(fn: (ops: readonly StoreOp[]) => void | Promise<void>): Unsubscribe;
  /** Forgets calls and pending faults, and ends `down()`, `hang()` and `dropHints()`. Records stay. */
  reset(): void;
}

/**
 * Wraps `store` so that a test decides how it fails. Faults are consumed in the order they were asked for. The wrapped
 * store stays usable beside this one, for writes that must not be seen as calls. Closing closes the wrapped store.
 */
export function createFaultyStore(store: Store): FaultyStore {
  const calls: StoreCall[] = [];
  const plan = createFaultPlan();
  const hints = createHintRelay(store);
  const commits = createLossyCommits(store);

  const pass = async <T>(kind: StoreCallKind, call: () => Promise<T>): Promise<T> => {
    const afterwards = await plan.enter(kind);
    try {
      return await call();
    } finally {
      await afterwards();
    }
  };
  return {
    capabilities: store.capabilities,
    calls,
    count: (kind) => calls.filter(({ call }) => kind === undefined || call === kind).length,
    get(keys) {
      calls.push({ call: "get", keys });
      return pass("get", () => store.get(keys));
    },
    commit(ops) {
      calls.push({ call: "commit", ops: ops.map(({ op, key }) => ({ op, key })) });
      return pass("commit", () => commits.commit(ops));
    },
    list(prefix, options) {
      calls.push({ call: "list", prefix });
      return pass("list", () => store.list(prefix, options));
    },
    watch: hints.watch,
    close: () => store.close(),
    loseReply: commits.loseReply,
    landLate: commits.landLate,
    failNext: plan.failNext,
    gate: plan.gate,
    down() {
      plan.setMode("down");
      hints.cut(true);
      hints.deliver({ type: "down" });
    },
    hang() {
      plan.setMode("hang");
      hints.cut(true);
    },
    up() {
      plan.setMode("up");
      hints.cut(false);
      hints.deliver({ type: "resync" });
    },
    dropHints: hints.drop,
    sendHint: hints.deliver,
    onCommit: commits.onCommit,
    reset() {
      calls.length = 0;
      commits.reset();
      plan.reset();
      hints.drop(false);
      hints.cut(false);
    },
  };
}
