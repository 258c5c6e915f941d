import type { Store, StoreOp } from "@verdigris/contracts";

/** A process that can be killed at any of its store calls: before the store sees it, or with its reply on the way. */
export interface Mortal {
  readonly store: Store;
  /** Calls so far. */
  readonly calls: () => number;
  readonly isDead: () => boolean;
  /** What each of its commits wrote, by the number of the call: only of those it matters whether the store saw them. */
  readonly commits: ReadonlyMap<number, string>;
}

/** At which call a process dies, and whether the store sees that call. */
export interface Death {
  readonly fate: "before" | "after";
  /** `kind` is what a commit writes; null for a read. */
  readonly at: (call: number, kind: string | null) => boolean;
}

export const nobodyDies: Death = { fate: "before", at: () => false };

interface Step {
  readonly event: string;
  readonly reason: string;
  readonly from: string;
  readonly to: string;
}

/** What a commit writes, without names and numbers: two of a kind leave stores that differ in those alone. */
function kindOf(ops: readonly StoreOp[]): string {
  const parts = ops.map((op) => {
    const kind = op.key.split("/")[1] ?? "";
    if (op.op !== "put" || kind !== "step") return `${op.op} ${kind}`;
    const { event, reason, from, to } = JSON.parse(op.value) as Step;
    return `${event} ${reason.replace(/\d+/g, "#")} ${from} ${to}`;
  });
  return parts.join(", ");
}

/** The store as a process has it that dies there: from then on it hears nothing and does nothing. */
export function mortal(store: Store, death: Death): Mortal {
  let calls = 0;
  let dead = false;
  const commits = new Map<number, string>();
  // The promises of a dead process stay open for ever.
  const never = <T>(): Promise<T> => new Promise(() => {});
  const pass = async <T>(kind: string | null, call: () => Promise<T>): Promise<T> => {
    if (dead) return never();
    calls += 1;
    if (kind !== null) commits.set(calls, kind);
    dead = death.at(calls, kind);
    if (!dead) return call();
    if (death.fate === "after") await call().catch(() => {});
    return never();
  };
  return {
    calls: () => calls,
    isDead: () => dead,
    commits,
    store: {
      ...store,
      get: (keys) => pass(null, () => store.get(keys)),
      commit: (ops) => pass(kindOf(ops), () => store.commit(ops)),
      list: (prefix, options) => pass(null, () => store.list(prefix, options)),
      watch: (prefix, onHint) => store.watch(prefix, (hint) => (dead ? undefined : onHint(hint))),
    },
  };
}
