import {
  type Clock,
  type CommitResult,
  checkCommit,
  type StoreEntry,
  type StoreOp,
} from "@verdigris/contracts";
import { Row } from "./row.ts";
import { createRows, type Rows } from "./rows.ts";

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
function copy({ key, rev, at, value }: Row): StoreEntry {
  return { key, rev, at, value };
}

function page(rows: Rows, prefix: string, after: string | undefined, limit: number): StoreEntry[] {
  const found: StoreEntry[] = [];
  const from = after !== undefined && after > prefix ? after : prefix;
  for (const [key, row] of rows.since(from)) {
    if (!key.startsWith(prefix)) break;
    if (key === after) continue;
    found.push(copy(row));
    if (found.length === limit) break;
  }
  return found;
}

export function createTable(clock: Clock): Table {
  const rows = createRows();
  let lastRev = 0;
  let lastAt = 0;

  function readTime(): number {
    const now = Math.floor(clock.now());
    if (now > lastAt) lastAt = now;
    return lastAt;
  }

  function put(row: Row | undefined, key: string, value: string, at: number): number {
    lastRev += 1;
    if (row === undefined) {
      rows.add(new Row(key, lastRev, at, value));
    } else {
      row.rev = lastRev;
      row.at = at;
      row.value = value;
    }
    return lastRev;
  }

  function apply(op: StoreOp, row: Row | undefined, at: number): number {
    switch (op.op) {
      case "check":
        return op.rev;
      case "put":
        return put(row, op.key, op.value, at);
      case "del":
        rows.remove(op.key);
        return 0;
    }
  }

  return {
    get size() {
      return rows.size;
    },
    readTime,
    read(key) {
      const row = rows.get(key);
      return row === undefined ? null : copy(row);
    },
    commit(ops) {
      checkCommit(ops);
      const at = readTime();
      const found: (Row | undefined)[] = [];
      for (const { key, rev } of ops) {
        const row = rows.get(key);
        if ((row === undefined ? 0 : row.rev) !== rev)
          return { ok: false, key, current: row === undefined ? null : copy(row), at };
        found.push(row);
      }
      const revs: number[] = [];
      // A key stands in one op at most, so what was found above is still what each op is about.
      for (const op of ops) revs.push(apply(op, found[revs.length], at));
      return { ok: true, revs, at };
    },
    list: (prefix, after, limit) => page(rows, prefix, after, limit),
    clear: rows.clear,
  };
}
