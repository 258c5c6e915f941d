import {
  type CommitResult,
  type Store,
  type StoreOp,
  type Unsubscribe,
  VerdigrisError,
} from "@verdigris/contracts";

/** What became of a commit whose reply was lost: it happened, it never will, or it happens at `landLate()`. */
export type LostCommit = "done" | "dropped" | "late";

/** The commits of a faulty store, whose replies may be lost. */
export interface LossyCommits {
  commit: Store["commit"];
  loseReply(fate?: LostCommit): void;
  landLate(): Promise<readonly CommitResult[]>;
  onCommit(fn: (ops: readonly StoreOp[]) => void | Promise<void>): Unsubscribe;
  reset(): void;
}

/** Passes every commit to `store` until a reply is to be lost. */
export function createLossyCommits(store: Store): LossyCommits {
  const observers = new Set<(ops: readonly StoreOp[]) => void | Promise<void>>();
  let lost: LostCommit[] = [];
  let late: (readonly StoreOp[])[] = [];
  return {
    async commit(ops) {
      for (const observe of observers) await observe(ops);
      const fate = lost.shift();
      if (fate === undefined) return store.commit(ops);
      if (fate === "done") await store.commit(ops);
      if (fate === "late") late.push(ops);
      throw new VerdigrisError(
        "store-indeterminate",
        "the reply to a commit was lost on purpose: read again to learn what happened",
        { fate },
      );
    },
    loseReply(fate = "done") {
      lost.push(fate);
    },
    async landLate() {
      const landing = late;
      late = [];
      const results: CommitResult[] = [];
      for (const ops of landing) results.push(await store.commit(ops));
      return results;
    },
    onCommit(fn) {
      observers.add(fn);
      return () => {
        observers.delete(fn);
      };
    },
    reset() {
      lost = [];
      late = [];
    },
  };
}
