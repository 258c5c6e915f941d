import {
  type CommitResult,
  checkCommit,
  checkGet,
  checkList,
  checkPrefix,
  createStoreWatchers,
  type Store,
  type StoreCapabilities,
  type StoreEntry,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";

/** One mistake that authors of adapters make. */
export type Fault =
  | "reissues revisions after del"
  | "keeps the revision of an equal value"
  | "applies ops before all are checked"
  | "ignores checks"
  | "names the last refused op"
  | "leaves out the current entry"
  | "gaps between check and write"
  | "acknowledges before it writes"
  | "orders by locale"
  | "includes after"
  | "takes prefixes for patterns"
  | "lists at most ten"
  | "ignores the list limit"
  | "ignores the value limit"
  | "counts characters for bytes"
  | "takes any key"
  | "takes two ops on a key"
  | "hands out its own entries"
  | "prints values again"
  | "answers in its own order"
  | "sends no hints"
  | "sends the first hint at once"
  | "hints at every key"
  | "goes on hinting"
  | "lets listeners throw"
  | "follows the wall clock back"
  | "stamps reads before writes"
  | "works after close"
  | "fails on a second close"
  | "shares data between stores"
  | "sends changes without push";

export interface BrokenStoreOptions {
  readonly fault: Fault | null;
  readonly capabilities: StoreCapabilities;
  readonly now: () => number;
}

const shared = new Map<string, StoreEntry>();

/** A small store that keeps every promise but the one that `fault` names. */
export function createBrokenStore({ fault, capabilities, now }: BrokenStoreOptions): Store {
  const has = (name: Fault): boolean => fault === name;
  const entries = has("shares data between stores") ? shared : new Map<string, StoreEntry>();
  const watchers = createStoreWatchers();
  const loose = new Set<(hint: { type: "change"; key: string }) => void>();
  let rev = 0;
  let lastAt = 0;
  let closed = false;

  const requireOpen = (): void => {
    if (closed && !has("works after close")) throw new VerdigrisError("closed", "the store is closed");
  };
  const readTime = (): number => {
    lastAt = has("follows the wall clock back") ? now() : Math.max(lastAt, now());
    return lastAt;
  };
  const out = (entry: StoreEntry | undefined): StoreEntry | null => {
    if (entry === undefined) return null;
    if (has("prints values again")) return { ...entry, value: JSON.stringify(JSON.parse(entry.value)) };
    return has("hands out its own entries") ? entry : { ...entry };
  };

  function refuse(ops: readonly StoreOp[]): void {
    const relevant = ops
      .filter((op) => !(has("takes any key") && op.key !== "" && op.key.length < 600))
      .map((op) => (op.op === "put" && has("ignores the value limit") ? { ...op, value: "1" } : op))
      .map((op) =>
        op.op === "put" && has("counts characters for bytes")
          ? { ...op, value: "x".repeat([...op.value].length) }
          : op,
      );
    const distinct = has("takes two ops on a key")
      ? relevant.filter((op, n) => relevant.findIndex((other) => other.key === op.key) === n)
      : relevant;
    checkCommit(distinct);
    if (ops.length > 1 && !capabilities.multiKey) {
      throw new VerdigrisError("store-lacks-capability", "this store commits one key at a time");
    }
  }

  const matches = (op: StoreOp): boolean =>
    (has("ignores checks") && op.op === "check") || (entries.get(op.key)?.rev ?? 0) === op.rev;

  function apply(op: StoreOp, at: number): number {
    if (op.op === "check") return op.rev;
    if (op.op === "del") {
      entries.delete(op.key);
      return 0;
    }
    const old = entries.get(op.key);
    rev += 1;
    let next = has("reissues revisions after del") ? (old?.rev ?? 0) + 1 : rev;
    if (has("keeps the revision of an equal value") && old?.value === op.value) next = old.rev;
    entries.set(op.key, { key: op.key, rev: next, at, value: op.value });
    return next;
  }

  function firstRefused(ops: readonly StoreOp[]): StoreOp | undefined {
    return has("names the last refused op")
      ? ops.findLast((op) => !matches(op))
      : ops.find((op) => !matches(op));
  }

  function conflict(op: StoreOp, at: number): CommitResult {
    const current = has("leaves out the current entry") ? null : out(entries.get(op.key));
    return { ok: false, key: op.key, current, at };
  }

  function applyUntilRefused(ops: readonly StoreOp[], at: number): CommitResult {
    const revs: number[] = [];
    for (const op of ops) {
      if (!matches(op)) return conflict(op, at);
      revs.push(apply(op, at));
    }
    return { ok: true, revs, at };
  }

  function announce(ops: readonly StoreOp[]): void {
    if (capabilities.push && !has("sends no hints")) watchers.announce(ops);
    for (const fn of loose) for (const op of ops) fn({ type: "change", key: op.key });
  }

  async function commit(given: readonly StoreOp[]): Promise<CommitResult> {
    requireOpen();
    refuse(given);
    const ops = given.map((op) => ({ ...op }));
    const at = readTime();
    if (has("applies ops before all are checked")) return applyUntilRefused(ops, at);
    const refused = firstRefused(ops);
    if (refused !== undefined) return conflict(refused, at);
    if (has("gaps between check and write")) await Promise.resolve();
    if (has("acknowledges before it writes")) {
      setTimeout(() => ops.forEach((op) => void apply(op, at)), 0);
      return { ok: true, revs: ops.map((op) => (op.op === "put" ? rev + 1 : 0)), at };
    }
    const revs = ops.map((op) => apply(op, at));
    announce(ops);
    return { ok: true, revs, at };
  }

  function list(prefix: string, after: string | undefined, limit: number): (StoreEntry | null)[] {
    const pattern = new RegExp(
      `^${prefix
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replaceAll("%", ".*")
        .replaceAll("_", ".")}`,
    );
    return [...entries.values()]
      .filter(({ key }) => (has("takes prefixes for patterns") ? pattern.test(key) : key.startsWith(prefix)))
      .filter(({ key }) => after === undefined || (has("includes after") ? key >= after : key > after))
      .sort((a, b) => (has("orders by locale") ? a.key.localeCompare(b.key, "en") : a.key < b.key ? -1 : 1))
      .slice(
        0,
        has("lists at most ten") ? Math.min(10, limit) : has("ignores the list limit") ? 1_000 : limit,
      )
      .map(out);
  }

  return {
    capabilities,
    async get(keys) {
      requireOpen();
      checkGet(has("takes any key") ? keys.filter((key) => key === "") : keys);
      const found = keys.map((key) => out(entries.get(key)));
      if (has("answers in its own order")) found.sort((a, b) => ((a?.key ?? "") < (b?.key ?? "") ? -1 : 1));
      return { entries: found, at: has("stamps reads before writes") ? lastAt - 1 : readTime() };
    },
    commit,
    async list(prefix, options) {
      requireOpen();
      checkList(prefix, options);
      return { entries: list(prefix, options.after, options.limit) as StoreEntry[], at: readTime() };
    },
    watch(prefix, onHint) {
      requireOpen();
      checkPrefix(prefix);
      if (has("sends the first hint at once")) onHint({ type: "resync" });
      if (has("hints at every key") || has("sends changes without push")) loose.add(onHint);
      const listener = has("lets listeners throw")
        ? onHint
        : (hint: Parameters<typeof onHint>[0]) => {
            try {
              onHint(hint);
            } catch {
              // The listener's own failure.
            }
          };
      if (has("lets listeners throw")) loose.add(listener);
      const stop = watchers.add(prefix, listener);
      return has("goes on hinting") ? () => undefined : stop;
    },
    async close() {
      if (closed && has("fails on a second close")) throw new VerdigrisError("closed", "closed before");
      closed = true;
      if (!has("works after close")) watchers.clear();
    },
  };
}
