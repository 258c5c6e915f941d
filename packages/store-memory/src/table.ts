import {
  type Clock,
  type CommitResult,
  checkCommit,
  type StoreEntry,
  type StoreOp,
} from "@verdigris/contracts";
import { createEntryTree } from "./b-tree.ts";

/** The records of one store and the only code that changes them; everything here is synchronous. */
export interface Table {
  readonly size: number;
  /** Store time: the clock's, held when the clock goes back. */
  readTime(): number;
  read(key: string): StoreEntry | null;
  commit(ops: readonly StoreOp[]): CommitResult;
  list(prefix: string, after: string | undefined, limit: number): StoreEntry[];
  clear(): void;
}

/** Callers get their own object: changing it changes nothing here. */
function copy(entry: StoreEntry | undefined): StoreEntry | null {
  return entry === undefined ? null : { key: entry.key, rev: entry.rev, at: entry.at, value: entry.value };
}

export function createTable(clock: Clock): Table {
  const entries = createEntryTree();
  let lastRev = 0;
  let lastAt = 0;

  function readTime(): number {
    const now = Math.floor(clock.now());
    if (now > lastAt) lastAt = now;
    return lastAt;
  }

  function apply(op: StoreOp, at: number): number {
    switch (op.op) {
      case "check":
        return op.rev;
      case "put":
        lastRev += 1;
        entries.set(op.key, { key: op.key, rev: lastRev, at, value: op.value });
        return lastRev;
      case "del":
        entries.delete(op.key);
        return 0;
    }
  }

  return {
    get size() {
      return entries.size;
    },
    readTime,
    read: (key) => copy(entries.get(key)),
    commit(ops) {
      checkCommit(ops);
      const at = readTime();
      for (const op of ops) {
        const current = entries.get(op.key);
        if ((current === undefined ? 0 : current.rev) !== op.rev) {
          return { ok: false, key: op.key, current: copy(current), at };
        }
      }
      return { ok: true, revs: ops.map((op) => apply(op, at)), at };
    },
    list(prefix, after, limit) {
      const found: StoreEntry[] = [];
      const from = after !== undefined && after > prefix ? after : prefix;
      for (const [key, entry] of entries.entries(from)) {
        if (!key.startsWith(prefix)) break;
        if (key === after) continue;
        found.push({ ...entry });
        if (found.length === limit) break;
      }
      return found;
    },
    clear() {
      entries.clear();
    },
  };
}
